/**
 * What is thrown for bytes that no writer wrote.
 * @param {string} reason
 */
export function damaged(reason) {
  return new RangeError(`Damaged bytes: ${reason}`);
}
