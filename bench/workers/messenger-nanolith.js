import { define, messengers } from '../../dist/index.js';
import { count, expect, received } from './counter.js';

export const api = await define({
  async listen(name) {
    const messenger = await messengers.use(name);
    messenger.onMessage(count);
  },
  expect,
  received,
});
