// Loading the user's file: first the module is evaluated to its end, then what it defined is looked up.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { lookUp } from '../define.js';
import { loadingFiles } from '../loading.js';
import { importModule } from './import.js';
import { registerTsx } from './tsx.js';

/**
 * The functions of a set, by name. Throws what loading the file throws, or an error that says what the file lacks.
 * @param {string} file
 * @param {string} identifier
 */
export async function load(file, identifier) {
  loadingFiles.add(file);
  try {
    await importFile(file);
  } finally {
    loadingFiles.delete(file);
  }
  const definition = lookUp(file, identifier);
  if (definition === undefined) {
    throw new Error(
      `it does not define '${identifier}' when a thread loads it. define() must run at the top level of the file, on ` +
        'every thread, with the same names or the same identifier each time.',
    );
  }
  return definition.functions;
}

/** What Node has always loaded by itself. */
const PLAIN = new Set(['', '.js', '.cjs', '.mjs', '.json', '.node', '.wasm']);

/**
 * Imports the file, as Node does with the entry of a process. A CommonJS file that a hook of `require` compiles
 * (ts-node/register, say) is required: not every version of Node has such hooks at work in an import.
 * @param {string} file
 */
async function importFile(file) {
  await registerTsx();
  const extension = extname(file);
  if (!PLAIN.has(extension)) {
    const require = createRequire(file);
    if (require.extensions[extension] !== undefined && isCommonJS(file, extension)) {
      try {
        require(file);
        return;
      } catch (error) {
        // Node takes a file for a module by its syntax, too. It finds that out before it runs any of it.
        const code = /** @type {NodeJS.ErrnoException | null | undefined} */ (error)?.code;
        if (code !== 'ERR_REQUIRE_ESM' && code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
      }
    }
  }
  await importModule(pathToFileURL(file).href);
}

/** @param {string} file @param {string} extension */
function isCommonJS(file, extension) {
  if (extension.startsWith('.c')) return true;
  if (extension.startsWith('.m')) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).type !== 'module';
    if (folder === dirname(folder)) return true;
  }
}
