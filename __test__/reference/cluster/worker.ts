import { threadId } from 'node:worker_threads';
import { define } from 'nanolith';

export const api = await define({
  async addLater(a: number, b: number) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { sum: a + b, thread: threadId };
  },
});
