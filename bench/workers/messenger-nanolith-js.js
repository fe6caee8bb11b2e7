import { define, MessengerList } from 'nanolith-js';
import { count, expect, received } from './counter.js';

export const api = await define({
  async listen(name) {
    const messenger = await MessengerList.use(name);
    messenger.onMessage(count);
  },
  expect,
  received,
});
