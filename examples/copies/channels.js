// The messengers of this program, by name, and what is said on each.

/** From the readers to the catalogue, and to the main thread, which only counts: an `Entry` for every file read. */
export const ENTRIES = 'copies: entries';

/** From the main thread to all readers: `{ ask: true }`. From each of them to the main thread: a `Share`. */
export const ROLL_CALL = 'copies: roll call';

/** @typedef {{ threadID: number, files: number, bytes: number }} Share what one reader has done */
