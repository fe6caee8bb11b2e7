// Takes one stream after the other and tells how many bytes came.

let done = Promise.resolve(0);

/** @param {import('node:stream').Readable & { metaData: { reads?: boolean } }} stream */
export function take(stream) {
  done = new Promise((resolve) => {
    let bytes = 0;
    stream.on('error', () => resolve(bytes));
    stream.on('close', () => resolve(bytes));
    stream.on('end', () => resolve(bytes));
    // A reader that takes the stream and then reads no more of it.
    if (stream.metaData.reads === false) stream.once('readable', () => {});
    else {
      stream.on('data', (chunk) => {
        bytes += chunk.length;
      });
    }
  });
}

export const received = () => done;
