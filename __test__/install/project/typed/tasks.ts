import { define } from 'nanolith';

export const tasks = await define({
  add: (a: number, b: number) => a + b,
  async words(text: string) {
    return text.split(' ');
  },
});
