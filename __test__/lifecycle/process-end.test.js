import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fixtureUrl, INDEX, runNode, runWell } from '../helpers.js';

const imports = `
  import { pool } from '${INDEX}';
  import { arrivals, newCell, open } from '${fixtureUrl('barrier.js')}';
  import { exits } from '${fixtureUrl('exits.js')}';
  import { nests } from '${fixtureUrl('nests.js')}';
  import { tasks } from '${fixtureUrl('tasks.js')}';
  import { throws } from '${fixtureUrl('throws.js')}';
  import { warm } from '${fixtureUrl('warm.js')}';
  const arrived = async (cell, count = 1) => {
    while (arrivals(cell) < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
`;

const both = /** @type {const} */ (['tasks', 'warm']);

describe('the process', () => {
  it('ends by itself when nothing was called', async () => {
    assert.equal(await runWell(`${imports} console.log(pool.idle);`), 'true\n');
  });

  for (const set of both) {
    it(`ends by itself when idle, after ${set}, with idle threads around`, async () => {
      const code = `${imports}
        await Promise.all([1, 2, 3, 4].map((n) => ${set}({ name: 'add', params: [n, 1] })));
        console.log('done');`;
      assert.equal(await runWell(code), 'done\n');
    });

    it(`stays while ${set} run and wait, though nobody awaits them`, async () => {
      const code = `${imports}
        pool.setConcurrency(1);
        for (const name of ['first', 'second', 'third']) {
          ${set}({ name: 'gateLater', params: [2, name] }).then(console.log);
        }
        setTimeout(() => open(2), 100);`;
      assert.equal(await runWell(code), 'first\nsecond\nthird\n');
    });

    it(`reffed: false on ${set}: neither queueing nor running holds it`, async () => {
      const code = `${imports}
        pool.setConcurrency(1);
        const cell = newCell();
        ${set}({ name: 'spin', params: [cell], reffed: false }).then(console.log);
        ${set}({ name: 'nothing', reffed: false }).then(console.log);
        await arrived(cell);
        console.log(pool.activeCount, pool.queueLength);
        process.on('exit', (code) => console.log('exit', code));`;
      assert.equal(await runWell(code), '1 1\nexit 0\n');
    });

    it(`reffed: false on ${set} that nothing has started yet: ends at once`, async () => {
      assert.equal(await runWell(`${imports} ${set}({ name: 'spin', reffed: false });`), '');
    });

    it(`a reffed one of ${set} still holds it beside an unreffed one`, async () => {
      const code = `${imports}
        pool.setConcurrency(2);
        ${set}({ name: 'spin', reffed: false });
        ${set}({ name: 'addLater', params: [1, 2] }).then(console.log);`;
      assert.equal(await runWell(code), '3\n');
    });

    it(`awaiting an unreffed one of ${set} at the top level is exit code 13, as with any promise`, async () => {
      const { code } = await runNode(`${imports} await ${set}({ name: 'spin', reffed: false });`);
      assert.equal(code, 13);
    });

    it(`process.exit while ${set} spin ends it with its code`, async () => {
      const code = `${imports}
        pool.setConcurrency(2);
        const cell = newCell();
        for (const _ of [1, 2, 3]) ${set}({ name: 'spin', params: [cell] });
        await arrived(cell, 2);
        process.exit(5);`;
      assert.equal((await runNode(code)).code, 5);
    });

    it(`a rejected call of ${set} that nobody handles is exit code 1, with the error`, async () => {
      const { code, stderr } = await runNode(`${imports} ${set}({ name: 'fail', params: ['not handled'] });`);
      assert.equal(code, 1);
      assert.match(stderr, /Error: not handled/);
    });

    it(`an exception in it while ${set} run is exit code 1`, async () => {
      const code = `${imports}
        const cell = newCell();
        ${set}({ name: 'spin', params: [cell] });
        await arrived(cell);
        throw new Error('of the main thread');`;
      const { code: exitCode, stderr } = await runNode(code);
      assert.equal(exitCode, 1);
      assert.match(stderr, /of the main thread/);
    });
  }

  it('process.exit in a task ends the thread, not the process', async () => {
    const code = `${imports}
      const error = await exits({ name: 'exit', params: [3] }).catch((error) => error);
      console.log(error.code, error.exitCode, process.exitCode);`;
    assert.equal(await runWell(code), 'ERR_NANOLITH_WORKER_EXITED 3 undefined\n');
  });

  it('an exception in a task that nothing catches ends the thread, not the process', async () => {
    const code = `${imports}
      for (const what of ['error', 'null', 'nothing']) {
        console.log(await throws({ name: 'uncaught', params: [what] }).catch((error) => error?.message ?? error));
      }`;
    assert.equal(await runWell(code), 'plain\nnull\nundefined\n');
  });

  it('ends when idle after nested calls, and after aborted ones', async () => {
    const code = `${imports}
      console.log(await nests({ name: 'deep', params: [2] }));
      const signal = AbortSignal.timeout(20);
      console.log((await tasks({ name: 'spin', signal }).catch((error) => error)).name);`;
    assert.equal(await runWell(code), '2\nTimeoutError\n');
  });

  it('an aborted call holds nothing', async () => {
    const code = `${imports}
      const controller = new AbortController();
      pool.setConcurrency(1);
      const cell = newCell();
      for (const set of [tasks, warm]) {
        for (const _ of [1, 2]) set({ name: 'spin', params: [cell], signal: controller.signal }).catch(() => {});
      }
      await arrived(cell);
      controller.abort();
      console.log(pool.activeCount, pool.queueLength);`;
    assert.equal(await runWell(code), '0 0\n');
  });

  it('a beforeExit listener may call tasks again', async () => {
    const code = `${imports}
      let rounds = 0;
      process.on('beforeExit', async () => {
        rounds += 1;
        if (rounds > 2) return;
        console.log(await warm({ name: 'add', params: [rounds, 1] }), await tasks({ name: 'add', params: [rounds, 1] }));
      });`;
    assert.equal(await runWell(code), '2 2\n3 3\n');
  });

  it('R24: exits while threads start, load and spin, sixteen times, with its own code each time', async () => {
    const code = `${imports}
      const at = Number(process.argv[2]);
      const cell = newCell();
      for (let n = 0; n < 4; n += 1) (n % 2 ? tasks : warm)({ name: n % 3 ? 'spin' : 'nothing', params: [cell] });
      nests({ name: 'wide', params: [4] });
      setTimeout(() => process.exit(at), at * 10);`;
    const codes = [];
    for (let at = 0; at < 16; at += 4) {
      const four = [at, at + 1, at + 2, at + 3].map((own) => runNode(code, { args: [String(own)] }));
      for (const ended of await Promise.all(four)) codes.push(ended.code);
    }
    assert.deepEqual(
      codes,
      codes.map((_, at) => at),
    );
  });
});
