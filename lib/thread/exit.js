// The one way in which a nanolith thread ends by itself.

/** The console's streams that were used: making one, only to see that nothing waits in it, takes Node milliseconds. */
const used = /** @type {Set<'stdout' | 'stderr'>} */ (new Set());

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (property?.get === undefined) used.add(name);
  else {
    Object.defineProperty(process, name, {
      ...property,
      get() {
        used.add(name);
        return property.get?.call(process);
      },
    });
  }
}

/**
 * Ends this thread once what it wrote to the console is on its way; its `exit` handlers run.
 * @param {number} [code]
 */
export async function exit(code = 0) {
  await Promise.all([...used].map((name) => flushed(process[name])));
  process.exit(code);
}

/** @param {NodeJS.WriteStream} stream */
function flushed(stream) {
  if (stream.writableLength === 0) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}
