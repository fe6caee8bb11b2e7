import { arrived, assert, rejection, until } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks, warm } from '../fixtures/sets.js';

pool.setConcurrency(1);
let seen = 0;
for (const set of [tasks, warm]) {
  for (const name of ['waitForever', 'spin']) {
    const controller = new AbortController();
    const { signal } = controller;
    const running = rejection(set({ name, signal }));
    const queued = rejection(set({ name: 'add', params: [1, 2], signal }));
    seen += 1;
    await until(() => arrived() === seen);
    controller.abort(new RangeError('enough'));
    assert.equal((await running).message, 'enough');
    assert.equal((await queued).message, 'enough');
    assert.equal(pool.activeCount, 0);
    assert.equal(await set({ name: 'add', params: [1, 2] }), 3);
  }
}
