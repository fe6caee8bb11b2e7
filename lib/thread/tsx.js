// tsx, where the process was started with it.
//
// Threads inherit `--import tsx`, but with it tsx registers its hooks for ES modules on the main thread only, unless Node
// has hooks that are synchronous in the form that tsx wants; and Node does not hand them on to threads. So a thread that is
// to have tsx, and cannot load a TypeScript file that has to be compiled, has it register there too.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { importModule } from './import.js';

/** As users name it, and as its own command does. */
const TSX = /^(?:tsx(?:\/esm)?|file:.*\/tsx\/dist\/(?:loader|esm\/index)\.mjs)$/;

/** Sees to it that tsx works on this thread, if the process was started with it. */
export async function registerTsx() {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const loader = flags.map((flag) => flag.replace(/^--import=/, '')).find((flag) => TSX.test(flag));
  if (loader === undefined || (await compiles())) return;
  // By its own name from within its package, else as Node found it: from the folder that the process started in.
  const require = createRequire(loader.startsWith('file:') ? fileURLToPath(loader) : join(process.cwd(), 'main.js'));
  const manifest = require.resolve('tsx/package.json');
  // What `require` would find is the same for CommonJS, which does not find its own parts.
  const api = require(manifest).exports['./esm/api'].import.default;
  (await importModule(new URL(api, pathToFileURL(manifest)).href)).register();
}

async function compiles() {
  try {
    await importModule(new URL('./probe.ts', import.meta.url).href);
    return true;
  } catch {
    // Whatever it says, this thread cannot load the file.
    return false;
  }
}
