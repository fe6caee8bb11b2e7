// A stream that is cut: the thread at its other side has ended, which is no fault of this side.

import { warnOnce } from '../warnings.js';

/**
 * Destroys a stream that is cut. Where nobody listens for errors, that is no uncaught exception: no thread shall take
 * another one along.
 * @param {import('node:stream').Readable | import('node:stream').Writable} stream
 * @param {Error} error
 */
export function cut(stream, error) {
  if (stream.destroyed) return;
  // Each pipe into a stream adds a listener of both events; its listener of errors throws where it is the only one.
  if (stream.listenerCount('error') <= stream.listenerCount('unpipe')) {
    stream.on('error', ignore);
    warnOfCut();
  }
  stream.destroy(error);
}

/** For a stream whose errors are nobody's. */
export function ignore() {}

function warnOfCut() {
  warnOnce(
    'STREAM_CUT',
    () =>
      'A stream ended early, as the thread at its other side has ended, and nobody listens for its errors. To hear of that, ' +
      "use pipeline() or an 'error' listener; this warning is given once.",
  );
}
