import { once } from 'node:events';

import { assert, until } from '../fixtures/check.js';
import { talker } from '../fixtures/service.js';

// What a stream is destroyed with is an uncaught exception where nothing listens for it.
const service = await talker.launchService({ exceptionHandler() {} });

// A reader that does not read stops the writer.
const stalled = await service.createStream({ how: 'stall' });
let bytes = 0;
const write = () => {
  while (bytes < 100_000_000 && stalled.write(Buffer.alloc(10_000))) bytes += 10_000;
};
for (let quiet = 0, before = -1; quiet < 20; quiet = bytes === before ? quiet + 1 : 0) {
  before = bytes;
  write();
  await new Promise((resolve) => setTimeout(resolve, 5));
}
assert.ok(bytes < 10_000_000, `${bytes} bytes were written to nobody`);
await service.call({ name: 'resume' });
await until(() => !stalled.writableNeedDrain);
stalled.end();
await once(stalled, 'close');

// What the reader is destroyed with reaches the writer.
const failing = await service.createStream({ how: 'fail' });
const failed = once(failing, 'error');
failing.write('something');
const [error] = await failed;
assert.equal(error.message, 'enough');

// The end of the thread reaches it too.
const cut = await service.createStream({ how: 'stall' });
const ended = once(cut, 'error');
service.close();
assert.equal((await ended)[0].code, 'ERR_STREAM_PREMATURE_CLOSE');
