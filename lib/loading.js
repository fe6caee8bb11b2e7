// The files that this thread is loading right now, on nanolith's behalf.

/** @type {Set<string>} */
export const loadingFiles = new Set();
