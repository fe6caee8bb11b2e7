const assert = require('node:assert/strict');

const { tasks } = require('../fixtures/sets.cjs');

module.exports = tasks.then(async (set) => {
  assert.equal(await set({ name: 'add', params: [1, 2] }), 3);
  console.log('done');
});
