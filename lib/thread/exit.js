// The one way in which a nanolith thread ends by itself.

/**
 * Ends this thread once what it wrote to the console is on its way; its `exit` handlers run.
 * @param {number} [code]
 */
export async function exit(code = 0) {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

/** @param {NodeJS.WriteStream} stream */
function flushed(stream) {
  if (stream.writableLength === 0) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}
