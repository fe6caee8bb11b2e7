// An uncaught exception of the main thread ends the process, also while a service floods it with messages.

import { talker } from '../fixtures/service.js';

const service = await talker.launchService();
await service.call({ name: 'flood' });
setImmediate(() => {
  throw new RangeError('on purpose');
});
setTimeout(() => process.exit(3), 5_000);
