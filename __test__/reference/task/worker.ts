import { threadId } from 'node:worker_threads';
import { define } from 'nanolith';

export const api = await define({
  add: (a: number, b: number) => a + b,
  thread: () => threadId,
  fail(reason: string): never {
    throw new RangeError(reason);
  },
});
