// Many streams at once, all of them open and written in turn: the time of a byte and the memory of a stream.
//
//   node --expose-gc __test__/load/streams.js [--small]

import { once } from 'node:events';

import { native } from '../../lib/native.js';
import { sink } from './fixtures/sink.js';
import { Report, settledMemory, sizesOf } from './report.js';

const SIZES = sizesOf([1, 10, 100, 1_000], [1, 20]);
const BYTES = sizesOf([512 * 2 ** 20], [32 * 2 ** 20])[0];
const CHUNK = Buffer.alloc(16 * 1024, 7);

const report = new Report('streams', 'Streams at once', { title: 'streams' });
const service = await sink.launchService();

/** @param {number} size @param {boolean} record */
async function streams(size, record) {
  await service.call({ name: 'forget' });
  const before = await settledMemory();
  const opening = performance.now();
  const open = await Promise.all(Array.from({ length: size }, (_, at) => service.createStream({ at })));
  const opened = performance.now();
  const each = Math.ceil(BYTES / CHUNK.length / size);
  let peak = 0;
  await Promise.all(
    open.map(async (stream) => {
      for (let at = 0; at < each; at += 1) if (!stream.write(CHUNK)) await once(stream, 'drain');
      peak = Math.max(peak, process.memoryUsage().rss);
      stream.end();
      await once(stream, 'close');
    }),
  );
  // All writers are done; the readers have their last bytes ahead of this call, or soon after.
  const wanted = each * size * CHUNK.length;
  const end = performance.now() + 20_000;
  for (let taken; ; ) {
    taken = await service.call({ name: 'taken' });
    if (taken.bytes === wanted && taken.ended === size) break;
    if (performance.now() > end) throw new Error(`${taken.bytes} of ${wanted} bytes, ${taken.ended} of ${size} ends`);
  }
  const closed = performance.now();
  report.check(native.livingPipes() === 0, `${native.livingPipes()} pipes are left of ${size}`);
  if (!record) return;
  report.add('open, us', size, ((opened - opening) / size) * 1000);
  report.add('move, ms a MB', size, (closed - opened) / (wanted / 2 ** 20));
  if (size >= 100) report.add('memory, KB', size, Math.max(0, peak - before) / size / 1024);
}

await streams(SIZES[1], false);
for (const size of SIZES) for (let round = 0; round < 3; round += 1) await streams(size, true);
await service.close();
report.flat('open, us', { ratio: 3, from: SIZES[1], slack: 200 });
report.flat('move, ms a MB', { ratio: 4, slack: 4 });
// A full pipe has 1 MiB, and Node's buffers at both ends come on top.
report.atMost('memory, KB', 2_048);
report.end({ 'Time of one MB, all streams at once': ['move, ms a MB'], 'Time to open one': ['open, us'] });
