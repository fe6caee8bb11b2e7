// The receiving end of the catalogue's report.

import { open } from 'node:fs/promises';

/**
 * Takes the families as they come, the largest first: writes all of them to a file, if one is named, and returns the
 * first `kept`. Nothing else of them stays in memory.
 *
 * @param {import('node:stream').Readable} stream
 * @param {{ path: string | undefined, kept: number }} options
 */
export async function receiveFamilies(stream, { path, kept }) {
  /** @type {import('./families.js').Family[]} */
  const largest = [];
  const file = path === undefined ? undefined : await open(path, 'w');
  try {
    for await (const line of linesOf(stream)) {
      await file?.write(`${line}\n`);
      if (largest.length < kept) largest.push(JSON.parse(line));
    }
  } finally {
    await file?.close();
  }
  return largest;
}

/** A line may come in several chunks, and a chunk may end within a character. @param {import('node:stream').Readable} stream */
async function* linesOf(stream) {
  let rest = '';
  for await (const text of stream.setEncoding('utf8')) {
    const lines = (rest + text).split('\n');
    rest = /** @type {string} */ (lines.pop());
    yield* lines;
  }
}
