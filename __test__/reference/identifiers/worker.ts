// Two sets in one file, with tasks of the same names: the second one needs an identifier.

import { define } from 'nanolith';

export const numbers = await define({
  first: (values: number[]) => values[0],
  async last(values: number[]) {
    return values.at(-1);
  },
});

export const letters = await define(
  {
    first: (text: string) => text.charAt(0),
    async last(text: string) {
      return text.charAt(text.length - 1);
    },
  },
  { identifier: 'letters' },
);
