import { define } from 'nanolith';

let words: Map<string, number> | undefined;

export const api = await define({
  async __initializeService() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    words = new Map([['two', 2]]);
  },
  lookUp: (word: string) => words?.get(word) ?? 0,
});
