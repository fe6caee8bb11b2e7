// The signals of a round, by number. Most abort while it goes on. The last of them abort when everything has settled and
// was looked at: on those a listener that was left behind can be seen, as an abort takes all listeners away.

const ABORTED = 6;
const LASTING = 2;

export const SIGNALS = ABORTED + LASTING;

/** Whether this signal aborts only after the look. @param {number} number */
export const isLasting = (number) => number >= ABORTED;

/** @param {import('./random.js').Random} random */
export const anySignal = (random) => random.int(0, SIGNALS - 1);

/** For what ends only by an abort. @param {import('./random.js').Random} random */
export const abortedSignal = (random) => random.int(0, ABORTED - 1);
