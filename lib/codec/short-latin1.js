/** Up to this length making a string unit by unit beats a native call. */
export const SHORT_LATIN1 = 12;

const make = String.fromCharCode;

/**
 * The string of `length` bytes at `p`; `length` is at most SHORT_LATIN1, and the bytes are known to be there.
 * @param {Uint8Array} b
 * @param {number} p
 * @param {number} length
 */
export function shortLatin1(b, p, length) {
  switch (length) {
    case 0:
      return '';
    case 1:
      return make(b[p]);
    case 2:
      return make(b[p], b[p + 1]);
    case 3:
      return make(b[p], b[p + 1], b[p + 2]);
    case 4:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3]);
    case 5:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4]);
    case 6:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5]);
    case 7:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6]);
    case 8:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7]);
    case 9:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7], b[p + 8]);
    case 10:
      return make(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7], b[p + 8], b[p + 9]);
    case 11:
      return make(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
      );
    default:
      return make(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
      );
  }
}
