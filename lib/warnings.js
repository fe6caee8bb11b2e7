// Warnings of the process: Node prints them, and `process.on('warning')` hears them.

import { native } from './native.js';

/**
 * @param {string} code without its prefix
 * @param {string} message
 */
export function warn(code, message) {
  process.emitWarning(message, { type: 'NanolithWarning', code: `NANOLITH_${code}` });
}

/**
 * Warns once a process, whichever of its threads is first.
 * @param {string} code
 * @param {() => string} message
 */
export function warnOnce(code, message) {
  if (native.firstTime(code)) warn(code, message());
}
