// npm run bench:charts -- <results.json> [--out folder]
//
// Draws the pictures of a results file again, into docs/bench/ by default.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { draw } from './lib/charts/draw.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
if (positionals.length !== 1) {
  console.error('bench:charts: name one results file, such as bench/results/<date>.json');
  process.exit(2);
}
// Paths are relative to where npm was called.
const from = process.env.INIT_CWD ?? '.';
const out = values.out ? resolve(from, values.out) : fileURLToPath(new URL('../docs/bench', import.meta.url));
const files = await draw(JSON.parse(readFileSync(resolve(from, positionals[0]), 'utf8')), out);
console.log(`Drawn into ${out}: ${files.join(', ')}`);
