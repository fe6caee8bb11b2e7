// Bundles lib/ into dist/nanolith.cjs, which is what the package ships.
//
//   node scripts/bundle.js [--out <folder>]
//
// lib/ runs as it is written, and the repository's tests run it so. But every thread loads it anew, and the 50 files cost
// it 25 ms to find and read one by one, as much as the rest of its start. It is CommonJS, so that threads can load it with
// what V8 compiled of it on another (lib/packed/entry.cjs). The code is not minified, so that a stack trace leads somewhere.

import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './platforms.js';

/**
 * An import of one of Node's modules makes Node evaluate every export of it, with the further modules that those stand
 * for: 3 ms a thread in all. Asked for by `process.getBuiltinModule`, it evaluates what is used.
 * @param {string} [but] the one that is imported all the same
 * @returns {import('esbuild').Plugin}
 */
const lazyBuiltins = (but) => ({
  name: 'lazy-builtins',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) => (path === but ? undefined : { path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = ${path === 'node:timers' ? timersOfNow : asked(path)};`,
    }));
  },
});

/** @param {string} path */
const asked = (path) => `process.getBuiltinModule(${JSON.stringify(path)})`;

/** Kept, as an import would: mocks of timers replace them on the module. */
const timersOfNow = `(({ clearImmediate, clearTimeout, setImmediate, setTimeout }) =>
  ({ clearImmediate, clearTimeout, setImmediate, setTimeout }))(${asked('node:timers')})`;

const { values } = parseArgs({ strict: false, options: { out: { type: 'string' } } });
const dist = resolve(root, String(values.out ?? 'dist'));
rmSync(dist, { recursive: true, force: true });
const common = /** @type {const} */ ({
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await build({
  ...common,
  entryPoints: ['lib/packed/all.js'],
  outfile: join(dist, 'nanolith.cjs'),
  format: 'cjs',
  plugins: [lazyBuiltins()],
  define: { 'import.meta': 'meta' },
  // Without a name where a bundler has put this into a file of its own; lib/place.js says so.
  banner: {
    js: `'use strict';
const meta = { url: typeof __filename === 'string' ? ${asked('node:url')}.pathToFileURL(__filename).href : undefined };`,
  },
});
// By `require`, since an import of CommonJS first reads all of it for the names of its exports. By that of `node:module`,
// which a test runner may have made its own, so that what it loads belongs to the test's realm.
const everything = "import * as own from './lib/exports.js';\n";
const packed = `import './lib/place.js';
import { createRequire } from 'node:module';
const own = Reflect.get(globalThis, Symbol.for('nanolith')) ?? createRequire(import.meta.url)('./nanolith.cjs');
`;
const index = readFileSync(join(root, 'index.js'), 'utf8');
if (!index.includes(everything)) throw new Error(`index.js no longer has ${everything}`);
await build({
  ...common,
  stdin: { contents: index.replace(everything, packed), resolveDir: root, sourcefile: 'index.js' },
  outfile: join(dist, 'index.js'),
  format: 'esm',
  plugins: [lazyBuiltins('node:module')],
});
// The same places below dist/ as below lib/: the code finds these and ../npm relative to itself.
mkdirSync(join(dist, 'thread'));
copyFileSync(join(root, 'lib', 'packed', 'entry.cjs'), join(dist, 'thread', 'entry.cjs'));
copyFileSync(join(root, 'lib', 'thread', 'probe.ts'), join(dist, 'probe.ts'));
console.log(`bundled ${relative(root, dist) || dist}`);
