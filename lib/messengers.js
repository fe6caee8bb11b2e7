// Placeholder until Messenger lands: reads the names and attaches nothing.

/** @param {import('./codec/reader.js').Reader} reader @returns {string[]} */
export function receiveMessengers(reader) {
  const names = [];
  for (let count = reader.u32(); count > 0; count -= 1) names.push(reader.text());
  return names;
}

/** @param {string[]} _names */
export function returnMessengers(_names) {}

/** @param {string} _name */
export function attach(_name) {}
