// What every contestant's threads can be asked to do: the same functions for all.

export const nothing = () => {};
export const add = (a, b) => a + b;
export const echo = (value) => value;

/** Keeps the core busy until so much time has passed. */
export function spin(ms) {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** The same, and tells when it ended, by the clock that all threads share. */
export function spinAndTell(ms) {
  spin(ms);
  return performance.timeOrigin + performance.now();
}
