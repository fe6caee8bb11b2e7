// Where a call came from: the file, line and column of the first frame outside of this library.

import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Place
 * @property {string} file a path
 * @property {number} line
 * @property {number} column
 */

/**
 * The place that called `callee`. `undefined` when nothing with a file did (a microtask, an eval).
 * @param {Function} callee
 * @returns {Place | undefined}
 */
export function callerOf(callee) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder = /** @type {{ stack?: NodeJS.CallSite[] }} */ ({});
  let sites;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, frames) => frames;
    Error.captureStackTrace(holder, callee);
    // Formatted on the first look, so here.
    sites = holder.stack;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
  const site = Array.isArray(sites) ? sites[0] : undefined;
  const name = site?.getFileName();
  if (!site || !name || name.startsWith('node:')) return undefined;
  return { file: pathOf(name), line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
}

/**
 * The path that a file name, a file URL or a `URL` stands for. Queries and fragments (loaders add them) are dropped.
 * @param {string | URL} file
 */
export function pathOf(file) {
  const text = String(file);
  return text.startsWith('file:') ? fileURLToPath(text.replace(/[?#].*$/, '')) : text;
}
