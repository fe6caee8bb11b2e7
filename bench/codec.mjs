/**
 * Encode plus decode of one value in one realm, nanoseconds: nanolith's codec against v8.serialize.
 *
 *   node bench/codec.mjs [filter]
 *
 * Each case runs ROUNDS times for about ROUND_MS, contestants taking turns; the median is shown. Values are
 * made anew from a few variants, so that nothing is decoded from the same bytes only.
 */
import { availableParallelism, cpus } from 'node:os';
import { deserialize, serialize } from 'node:v8';
import { Reader } from '../lib/codec/reader.js';
import { Writer } from '../lib/codec/writer.js';

const ROUNDS = 7;
const ROUND_MS = 60;
const VARIANTS = 8;
const WARM_UP = 2000;

const atoms = [];
const writer = new Writer({
  bytes: new Uint8Array(1 << 16),
  atom: (text) => (atoms.includes(text) ? atoms.indexOf(text) : atoms.push(text) - 1),
  onGrow: () => {},
});
const reader = new Reader({ atomText: (id) => atoms[id] });

const user = (i) => ({
  id: i,
  name: `user number ${i}`,
  email: `user${i}@example.com`,
  active: i % 2 === 0,
  score: i / 3,
  tags: ['alpha', 'beta', `tag${i}`],
  address: { street: `${i} Long Street`, city: 'Springfield', zip: `${10000 + i}`, geo: { lat: i / 7, lon: -i / 9 } },
});

const cases = {
  undefined: () => undefined,
  'small int': (i) => i,
  'string, 11 units': (i) => `hello wor${i % 10}d`,
  'string, 100 units': (i) => `${i % 10}`.repeat(100),
  'string, 20 units of UTF-16': (i) => `\u4f60${i % 10}`.repeat(10),
  'two small ints in an array': (i) => [i, i + 1],
  'object of 3 keys': (i) => ({ id: i, name: `item ${i}`, done: false }),
  'one argument object in an array': (i) => [{ id: i, name: `item ${i}`, done: false }],
  'JSON-like, about 1 KiB, 45 values': (i) => ({ users: [user(i), user(i + 1), user(i + 2)], total: 3, next: null }),
  '100 objects of 3 keys': (i) => Array.from({ length: 100 }, (_, n) => ({ id: n, name: `item ${n}`, done: n > i })),
  '1,000 ints': (i) => Array.from({ length: 1000 }, (_, n) => n * i),
  '1,000 fractions': (i) => Array.from({ length: 1000 }, (_, n) => n / (i + 3)),
  'Map of 10, Set of 10, Date': (i) => [
    new Map(Array.from({ length: 10 }, (_, n) => [`k${n}`, n])),
    new Set(Array.from({ length: 10 }, (_, n) => n * i)),
    new Date(i),
  ],
  'class instance of 3 fields': (i) => new Point(i, i + 1, i + 2),
  Error: (i) => new Error(`failure ${i}`),
  'Uint8Array of 64 bytes': (i) => new Uint8Array(64).fill(i),
  'Buffer of 64 KiB': (i) => Buffer.alloc(65536, i),
  'string of 100 KB': (i) => `${i % 10}`.repeat(100_000),
};

class Point {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }
}

let bytes = 0;
const contestants = {
  nanolith(value) {
    writer.position = 8;
    writer.value(value);
    bytes = writer.position - 8;
    reader.attach(writer.bytes, 8, writer.position);
    return reader.value();
  },
  v8: (value) => deserialize(serialize(value)),
};

/** Nanoseconds for one call. */
function time(run, values) {
  let calls = 0;
  const start = process.hrtime.bigint();
  let spent = 0;
  do {
    for (let i = 0; i < 16; i++) run(values[i % VARIANTS]);
    calls += 16;
    spent = Number(process.hrtime.bigint() - start);
  } while (spent < ROUND_MS * 1e6);
  return spent / calls;
}

const median = (figures) => figures.sort((a, b) => a - b)[figures.length >> 1];

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`);
console.log(`${'value'.padEnd(36)}${'bytes'.padStart(8)}${'nanolith'.padStart(11)}${'v8'.padStart(11)}   ratio`);
const filter = process.argv[2] ?? '';
// As in a program: the code has met every kind of value before it is measured.
for (let i = 0; i < WARM_UP; i++) {
  for (const make of Object.values(cases)) contestants.nanolith(make(i % VARIANTS));
}
for (const [name, make] of Object.entries(cases)) {
  if (!name.includes(filter)) continue;
  const values = Array.from({ length: VARIANTS }, (_, i) => make(i + 1));
  const figures = { nanolith: [], v8: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [contestant, run] of Object.entries(contestants)) {
      const figure = time(run, values);
      if (round > 0) figures[contestant].push(figure);
    }
  }
  contestants.nanolith(values[0]);
  const ours = median(figures.nanolith);
  const theirs = median(figures.v8);
  console.log(
    `${name.padEnd(36)}${String(bytes).padStart(8)}${ours.toFixed(0).padStart(11)}${theirs.toFixed(0).padStart(11)}` +
      `${(theirs / ours).toFixed(1).padStart(8)}`,
  );
}
