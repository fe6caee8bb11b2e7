// What this thread wrote to the console and its owner has not taken over yet.

/**
 * The console's streams that Node has made: having one made, only to see that nothing waits in it, takes it milliseconds.
 * @type {NodeJS.WriteStream[]}
 */
const streams = [];

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (property?.get === undefined) streams.push(process[name]);
  else {
    Object.defineProperty(process, name, {
      ...property,
      get() {
        const stream = property.get?.call(process);
        if (!streams.includes(stream)) streams.push(stream);
        return stream;
      },
    });
  }
}

/** Whether something is still on its way. */
export function isTalking() {
  for (let i = 0; i < streams.length; i++) if (streams[i].writableLength > 0) return true;
  return false;
}

/** Resolves once everything is on its way. */
export async function said() {
  await Promise.all(streams.map(flushed));
}

/** @param {NodeJS.WriteStream} stream */
function flushed(stream) {
  // What a preload put in its place may have no length, and never call back.
  if (!(stream.writableLength > 0)) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}
