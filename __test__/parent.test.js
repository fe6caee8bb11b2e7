import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

import { parent, pool } from '../index.js';
import { probing, probingWarm } from './fixtures/parent-probe.js';
import { INDEX, within, write } from './helpers.js';
import { nothingLeft } from './service-helpers.js';

pool.setConcurrency(8);

const attempts = {
  sendMessage: () => parent.sendMessage(1),
  onMessage: () => parent.onMessage(() => {}),
  offMessage: () => parent.offMessage(() => {}),
  waitForMessage: () => parent.waitForMessage(() => true),
  onStream: () => parent.onStream(() => {}),
  createStream: () => parent.createStream({}),
};

describe('parent outside of nanolith’s threads', () => {
  for (const [name, attempt] of Object.entries(attempts)) {
    it(`${name} throws ERR_NANOLITH_NO_PARENT on the main thread`, () => {
      assert.throws(attempt, { name: 'NoParentError', code: 'ERR_NANOLITH_NO_PARENT' });
    });
  }

  it('everything on parent and messengers throws in a thread that the user started, whatever its workerData', async () => {
    const file = write(`
      import { parent, messengers } from ${JSON.stringify(INDEX)};
      import { parentPort } from 'node:worker_threads';
      const attempts = [
        () => parent.sendMessage(1), () => parent.onMessage(() => {}), () => parent.offMessage(() => {}),
        () => parent.waitForMessage(() => true), () => parent.onStream(() => {}), () => parent.createStream({}),
        () => messengers.use('x'), () => messengers.seek(),
      ];
      parentPort.postMessage(attempts.map((attempt) => {
        try { attempt(); } catch (error) { return error.code; }
      }));
    `);
    for (const workerData of [undefined, { nanolith: { token: 'guessed' } }]) {
      const worker = new Worker(file, { workerData });
      const codes = await within(new Promise((resolve) => worker.once('message', resolve)));
      assert.deepEqual(codes, new Array(8).fill('ERR_NANOLITH_NO_PARENT'));
      await within(new Promise((resolve) => worker.once('exit', resolve)));
    }
  });
});

for (const [kind, set] of /** @type {const} */ ([
  ['one-off', probing],
  ['warm', probingWarm],
])) {
  describe(`parent on the thread of a ${kind} task`, () => {
    it('sendMessage finds no listener; what would wait rejects with ERR_NANOLITH_NO_PARENT', async () => {
      const outcomes = await within(set({ name: 'probe' }));
      for (const name of ['send', 'sendPort', 'sendShared', 'off'])
        assert.deepEqual(outcomes[name], { value: undefined });
      assert.equal(outcomes.sendFunction.threw.name, 'DataCloneError');
      assert.equal(outcomes.wait.rejected.code, 'ERR_NANOLITH_NO_PARENT');
      assert.equal(outcomes.stream.rejected.code, 'ERR_NANOLITH_NO_PARENT');
      assert.equal(outcomes.remove, 'function');
      assert.equal(outcomes.frozen, true);
    });

    it('what it sent to nobody disturbs no later value', async () => {
      await within(set({ name: 'probe' }));
      const shared = new SharedArrayBuffer(8);
      const [back] = await within(set({ name: 'echo', params: [shared] }));
      assert.equal(back.byteLength, 8);
    });
  });
}

nothingLeft();
