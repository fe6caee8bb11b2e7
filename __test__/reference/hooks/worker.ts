// All five hooks; what they log is seen on the console of the process.

import { define } from 'nanolith';

const log = (hook: string) => (threadID: number) => console.log(hook, threadID > 0);

export const api = await define({
  async __initializeService(threadID) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    log('initialized')(threadID);
  },
  __beforeTask: log('before a task'),
  __afterTask: log('after a task'),
  __beforeServiceTask: log('before a task in a service'),
  __afterServiceTask: log('after a task in a service'),
  work() {
    console.log('at work');
  },
});
