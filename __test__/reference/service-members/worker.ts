import { define } from 'nanolith';

export const api = await define({
  echo: async (value: string) => value,
});
