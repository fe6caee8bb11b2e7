// Loading the user's file: first the module is evaluated to its end, then what it defined is looked up.

import { pathToFileURL } from 'node:url';

import { started } from '../agent.js';
import { lookUp } from '../define.js';
import { loadingFiles } from '../loading.js';

/**
 * The functions of a set, by name. Throws what loading the file throws, or an error that says what the file lacks.
 * @param {string} file
 * @param {string} identifier
 */
export async function load(file, identifier) {
  loadingFiles.add(file);
  try {
    await import(pathToFileURL(file).href);
  } finally {
    loadingFiles.delete(file);
  }
  const definition = lookUp(file, identifier);
  if (definition === undefined && started?.copies) {
    throw new Error(
      `it does not define '${identifier}' by the nanolith that started the thread, but brings another copy of it: a ` +
        'bundler put one into the file (keep nanolith external), or two versions are installed.',
    );
  }
  if (definition === undefined) {
    throw new Error(
      `it does not define '${identifier}' when a thread loads it. define() must run at the top level of the file, on ` +
        'every thread, with the same names or the same identifier each time.',
    );
  }
  return definition.functions;
}
