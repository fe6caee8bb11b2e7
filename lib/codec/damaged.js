/** Bytes that no writer wrote. */
export class DamagedError extends RangeError {}

/** @param {string} reason */
export function damaged(reason) {
  return new DamagedError(`Damaged bytes: ${reason}`);
}

/**
 * Makes something of what was read; what the engine refuses, no writer wrote. A RangeError may be the stack's end.
 * @template T
 * @param {() => T} make
 * @param {string} reason
 */
export function orDamaged(make, reason) {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw damaged(reason);
  }
}
