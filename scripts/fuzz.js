// Tries the codec with bytes that no writer wrote, and the properties of `__test__/properties/` with random values:
//
//   node scripts/fuzz.js [bytes] [properties] [--seconds <n>] [--seed <n>] [--save-seeds]
//
// Each part takes about the given seconds; both are run by default. An input that fails goes into
// `__test__/codec/corpus/failures.hex`, which `npm test` replays; a property that fails prints what it failed for, and its
// seed. `--save-seeds` keeps the inputs that reached something new.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSeeds } from '../__test__/codec/corpus.js';
import { fuzzBytes } from '../__test__/fuzz/bytes.js';
import { root } from './platforms.js';

/** About as many as there are in `__test__/properties/`: each gets a part of the time. */
const PROPERTIES = 12;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    'save-seeds': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const parts = positionals.length > 0 ? positionals : ['bytes', 'properties'];
const unknown = parts.find((part) => part !== 'bytes' && part !== 'properties');
if (!(seconds > 0) || !Number.isSafeInteger(seed) || unknown !== undefined) {
  console.error(`fuzz: ${unknown ?? `--seconds ${values.seconds} --seed ${values.seed}`} is not understood`);
  process.exit(1);
}
console.log(`fuzz: seed ${seed}`);

if (parts.includes('bytes')) {
  const { executions, covered, seeds, failures } = await fuzzBytes({ seconds, seed });
  console.log(`bytes: ${executions} inputs, ${covered} parts of the codec reached, by ${seeds.length} of them`);
  for (const { bytes, why } of failures) {
    console.error(`bytes: failed for ${Buffer.from(bytes).toString('hex')}\n${why}`);
    process.exitCode = 1;
  }
  if (values['save-seeds'] && failures.length === 0) writeSeeds(seeds);
  if (!(executions > 0)) process.exitCode = 1;
}

if (parts.includes('properties')) {
  const each = Math.max(seconds / PROPERTIES, 1);
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'test.js'), 'properties/', '--timeout', String((each + 60) * 1000)],
    {
      stdio: 'inherit',
      env: { ...process.env, NANOLITH_FUZZ_SECONDS: String(each), NANOLITH_FUZZ_SEED: String(seed) },
    },
  );
  if (status !== 0) process.exitCode = status ?? 1;
}
