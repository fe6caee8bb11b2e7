// Where a call came from: the file, line and column of the nearest frame with a file outside of this library.

import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Place
 * @property {string} file a path, or what V8 calls code that is in no file
 * @property {number} line
 * @property {number} column
 */

/** How many frames are looked at when the first has no file: a builtin, `map` say, may stand between caller and callee. */
const FRAMES = 8;

/** How the runtimes name the files of their own code. */
const BUILTIN = /^(?:node|ext):/;

/**
 * The place that called `callee`. `undefined` when nothing with a file did (a microtask, a timer).
 * @param {Function} callee
 * @returns {Place | undefined}
 */
export function callerOf(callee) {
  if (isWritable('stackTraceLimit') && isWritable('prepareStackTrace')) {
    // A frame costs microseconds, and mostly the first will do.
    return placeIn(framesAbove(callee, 1)) ?? placeIn(framesAbove(callee, FRAMES));
  }
  const holder = /** @type {{ stack?: unknown }} */ ({});
  Error.captureStackTrace(holder, callee);
  return placeInText(holder.stack);
}

/** @param {Function} callee @param {number} limit */
function framesAbove(callee, limit) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder = /** @type {{ stack?: unknown }} */ ({});
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = (_, frames) => frames;
    Error.captureStackTrace(holder, callee);
    // Formatted on the first look, so here.
    return holder.stack;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** @param {unknown} frames @returns {Place | undefined} */
function placeIn(frames) {
  // A test runner may see to it that stacks are always text.
  if (!Array.isArray(frames)) return placeInText(frames);
  for (const site of /** @type {NodeJS.CallSite[]} */ (frames)) {
    const name = site.getFileName();
    if (name && !BUILTIN.test(name)) {
      return { file: pathOf(name), line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
    }
  }
  return undefined;
}

/** Whether a property of `Error` can be set: a program may have frozen it. @param {string} name */
function isWritable(name) {
  const property = Object.getOwnPropertyDescriptor(Error, name);
  return property === undefined ? Object.isExtensible(Error) : property.writable === true;
}

/** A line of a stack that names a file. */
const LINE = /^ {4}at (?:.* \()?((?:file:|\/|[A-Za-z]:\\).*?):(\d+):(\d+)\)?$/m;

/** The place that a stack tells, in the form in which V8 prints it. @param {unknown} stack */
function placeInText(stack) {
  const [, name, line, column] = LINE.exec(String(stack)) ?? [];
  return name === undefined ? undefined : { file: pathOf(name), line: Number(line), column: Number(column) };
}

/**
 * The path that a file name, a file URL or a `URL` stands for. Queries and fragments (loaders add them) are dropped.
 * @param {string | URL} file
 */
export function pathOf(file) {
  const text = typeof file === 'string' ? file : file.href;
  return text.startsWith('file:') ? fileURLToPath(text.replace(/[?#].*$/, '')) : text;
}

/** Whether a thread could load what is called so: code of `--eval`, of stdin and of the REPL is in no file. @param {string} name */
export function isFile(name) {
  return isAbsolute(name) && !/[\\/]\[\w+\]$/.test(name);
}
