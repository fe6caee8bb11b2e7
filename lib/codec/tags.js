/**
 * The one table of what encoded values look like. No logic here.
 *
 * An encoded value is `[u8 Flag][item]`. An item starts with a tag; everything is little endian.
 *
 * - `size` below is one byte, or 0xff followed by a u32.
 * - `text` is a string item: Latin1, Latin1Long, or Utf16.
 * - Whatever has an identity (the second half of the tags) has an implicit index in the order in which the tags
 *   appear; Ref names an earlier one. A Bytes item takes two: the view's, then its buffer's.
 * - Host names a place in the list of host values that travels beside the bytes.
 */

/** The first byte of a value. */
export const Flag = Object.freeze({
  /** No Ref inside: the reader needs no table. */
  Tree: 0,
  /** At least one Ref inside. */
  Graph: 1,
});

/** Tags from here on are the small whole numbers 0 to 127 themselves. */
export const FIRST_SMALL_INT = 0x80;

export const Tag = Object.freeze({
  // Without identity.
  Undefined: 0, //
  Null: 1, //
  False: 2, //
  True: 3, //
  Int8: 4, //            i8
  Int32: 5, //           i32
  Float64: 6, //         f64
  Latin1: 7, //          u8 length, one byte for each unit
  Latin1Long: 8, //      u32 length, one byte for each unit
  Utf16: 9, //           u32 length in units, two bytes for each
  BigInt64: 10, //       i64
  BigIntHex: 11, //      u8 1 when negative, text of hexadecimal digits
  Hole: 12, //           an element that an array does not have (only inside Array)
  Ref: 13, //            u32 object index

  // With identity.
  Host: 15, //           u32 index into the host list
  Array: 16, //          size n, n items
  Floats: 17, //         size n, n f64 (an array of numbers only)
  Ints: 18, //           size n, n i32 (an array of such numbers only)
  ArrayLoose: 19, //     u32 length, u32 n, n times: text key, item (holes, or properties besides the elements)
  Shaped: 20, //         u32 atom of the key list, one item for each key
  Object: 21, //         u32 n, n items, then n text keys
  Date: 22, //           f64
  RegExp: 23, //         text flags, text source
  Map: 24, //            size n, n times: item key, item value
  Set: 25, //            size n, n items
  Boxed: 26, //          item: a number, string, boolean or bigint
  Buffer: 27, //         u32 length, bytes
  BufferResizable: 28, // u32 length, f64 maxByteLength, bytes
  Bytes: 29, //          u8 ViewKind, u32 length in bytes, bytes: a view on a buffer that holds just these
  View: 30, //           u8 ViewKind, u8 1 when it tracks the length, f64 byteOffset, f64 length in elements,
  //                     item: its buffer
  Error: 31, //          u8 ErrorKind, [DOMException and QuotaExceededError: text message, text name],
  //                     [QuotaExceededError: f64 quota, f64 requested, NaN for none],
  //                     u32 n, n times: u8 ErrorField, text or item; u32 m, m times: text key, item
});

/**
 * Fields of errors that are not enumerable, by what the writer found. Their names are the properties' names; the first
 * three are texts.
 */
export const ErrorField = Object.freeze(['message', 'stack', 'name', 'cause', 'errors', 'code', 'error', 'suppressed']);

/**
 * Classes that arrive as themselves. Every other error arrives as the first of them. Not every runtime has those from
 * SuppressedError on; the last four are members of WebAssembly.
 */
export const ErrorKind = Object.freeze([
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'DOMException',
  'SuppressedError',
  'QuotaExceededError',
  'CompileError',
  'LinkError',
  'RuntimeError',
  'SuspendError',
]);

/** View classes, by number; DataView is the last one that every runtime has. */
export const ViewKind = Object.freeze([
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Float16Array',
]);

/** Bounds of what is interned as a shape. Objects beyond them carry their keys inline. */
export const ShapeLimit = Object.freeze({
  keys: 32,
  keyLength: 64,
  shapes: 4096,
  /** Key-list prefixes that a writer remembers; a program that makes up keys cannot fill memory. */
  prefixes: 16384,
});
