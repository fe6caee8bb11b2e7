// Bundles index.js and the threads' entry into dist/, which is what the package ships.
//
//   node scripts/bundle.js [--out <folder>]
//
// lib/ runs as it is written, and the repository's tests run it so. But every thread loads it anew, and the 50 files cost
// it 25 ms to find and read one by one, as much as the rest of its start. The code is not minified and keeps its comments,
// so that a stack trace leads somewhere.

import { copyFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './platforms.js';

/**
 * An import of one of Node's modules makes Node evaluate every export of it, with the further modules that those stand
 * for: 3 ms a thread in all. Asked for by `process.getBuiltinModule`, it evaluates what is used.
 * @type {import('esbuild').Plugin}
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = ${path === 'node:timers' ? timersOfNow : asked(path)};`,
    }));
  },
};

/** @param {string} path */
const asked = (path) => `process.getBuiltinModule(${JSON.stringify(path)})`;

/** Kept, as an import would: mocks of timers replace them on the module. */
const timersOfNow = `(({ clearImmediate, clearTimeout, setImmediate, setTimeout }) =>
  ({ clearImmediate, clearTimeout, setImmediate, setTimeout }))(${asked('node:timers')})`;

const { values } = parseArgs({ strict: false, options: { out: { type: 'string' } } });
const dist = resolve(root, String(values.out ?? 'dist'));
rmSync(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  // The same folders below dist/ as below lib/: the code finds thread/entry.cjs and ../npm relative to itself.
  entryPoints: { index: 'index.js', 'thread/main': 'lib/thread/main.js' },
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: 'nanolith',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  plugins: [lazyBuiltins],
  logLevel: 'warning',
});
for (const file of ['entry.cjs', 'nothing.js', 'probe.ts']) {
  copyFileSync(join(root, 'lib', 'thread', file), join(dist, 'thread', file));
}
console.log(`bundled ${relative(root, dist) || dist}`);
