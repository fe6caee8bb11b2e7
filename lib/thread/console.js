// What this thread wrote to the console and its owner has not taken over yet.

/**
 * The console's streams that Node has made, with the `write` that they had then: a task may put one of its own in its
 * place, which need not call back. Having a stream made, only to see that nothing waits in it, takes Node milliseconds.
 * @type {{ stream: NodeJS.WriteStream, write: Function }[]}
 */
const streams = [];

/** @param {NodeJS.WriteStream} stream */
function keep(stream) {
  if (!streams.some((kept) => kept.stream === stream)) streams.push({ stream, write: stream.write });
}

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (property?.get === undefined) keep(process[name]);
  else {
    Object.defineProperty(process, name, {
      ...property,
      get() {
        const stream = property.get?.call(process);
        keep(stream);
        return stream;
      },
    });
  }
}

/** Whether something is still on its way. */
export function isTalking() {
  for (let i = 0; i < streams.length; i++) if (isPending(streams[i].stream)) return true;
  return false;
}

/** Resolves once everything is on its way. */
export async function said() {
  await Promise.all(streams.map(({ stream, write }) => isPending(stream) && flushed(stream, write)));
}

/** @param {NodeJS.WriteStream} stream */
function isPending(stream) {
  // What a preload put in its place may have no length.
  return stream.writableLength > 0 && !stream.destroyed;
}

/** @param {NodeJS.WriteStream} stream @param {Function} write */
function flushed(stream, write) {
  for (let corked = stream.writableCorked; corked > 0; corked -= 1) stream.uncork();
  return new Promise((resolve) => {
    if (stream.writableEnded) stream.once('finish', resolve);
    else write.call(stream, '', resolve);
  });
}
