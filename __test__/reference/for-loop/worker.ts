import { define } from 'nanolith';

export const worker = await define({
  countTo(end: number) {
    let count = 0;
    for (const _ of Array(end).keys()) count += 1;
    return count;
  },
});
