// What this thread wrote to the console and its owner has not taken over yet.

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

/** Whether something is still on its way. */
export function isTalking() {
  if (used.size === 0) return false;
  for (const name of used) if (process[name].writableLength > 0) return true;
  return false;
}

/** Resolves once everything is on its way. */
export async function said() {
  await Promise.all([...used].map((name) => flushed(process[name])));
}

/** @param {NodeJS.WriteStream} stream */
function flushed(stream) {
  // What the user put in its place may have no length, and never call back.
  if (!(stream.writableLength > 0)) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}
