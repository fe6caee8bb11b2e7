// The entry of every nanolith thread in the package, where all of lib/ is one file.
//
// Reading and compiling that file is most of what a thread costs beyond a bare Worker. So the first thread that ends by
// itself gives its owner what V8 has compiled (`lib/thread/exit.js`), and the owner gives it to the threads that follow.
'use strict';

const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { workerData } = require('node:worker_threads');

const marker = workerData.nanolith;
const file = join(__dirname, '..', 'nanolith.cjs');
/** Bun and Deno have no code of V8's to keep. */
const compiles = process.versions.bun === undefined && process.versions.deno === undefined;

(compiles ? load() : require(file)).runThread();

// Node's loader is slow the first time. A spare has the time: it imports what the user's file will.
if (marker.spare) import('../index.js');

/** What `require(file)` does, and finds from now on. */
function load() {
  const source = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(file, 'utf8')}\n})`;
  const script = new Script(source, { filename: file, cachedData: marker.code });
  const Module = /** @type {any} */ (module.constructor);
  const packed = new Module(file, module);
  packed.filename = file;
  require.cache[file] = packed;
  marker.importModule = (/** @type {string} */ href) => import(href);
  const run = script.runInThisContext();
  run.call(packed.exports, packed.exports, Module.createRequire(file), packed, file, dirname(file));
  packed.loaded = true;
  if (marker.code === undefined || script.cachedDataRejected) marker.script = script;
  return packed.exports;
}
