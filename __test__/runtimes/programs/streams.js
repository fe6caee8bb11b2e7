import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { assert } from '../fixtures/check.js';
import { talker } from '../fixtures/service.js';

const BYTES = 5_000_000;
const service = await talker.launchService();

// To the service.
const counted = service.waitForMessage(({ bytes }) => bytes !== undefined);
const chunks = Array.from({ length: 100 }, () => Buffer.alloc(BYTES / 100, 1));
await pipeline(Readable.from(chunks), await service.createStream({ how: 'count' }));
assert.equal((await counted).bytes, BYTES);

// From the service.
const received = new Promise((resolve) => {
  service.onStream(async (stream) => {
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    resolve([bytes, stream.metaData.bytes]);
  });
});
await service.call({ name: 'send', params: [BYTES] });
assert.deepEqual(await received, [BYTES, BYTES]);
await service.close();
