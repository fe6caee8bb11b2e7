import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pool } from '../../index.js';
import { warm } from '../fixtures/lets-go-badly.js';
import { warm as other } from '../fixtures/warm.js';
import { fixtureUrl, living, runWell, until } from '../helpers.js';

const LEFTOVERS = ['wrapsWrite', 'silences', 'corks', 'ends', 'stubsExit', 'spinsLater', 'spinsOnExit'];

describe('R9: a thread whose task has answered ends, whatever the task left behind', { concurrency: 4 }, () => {
  for (const name of LEFTOVERS) {
    for (const set of ['tasks', 'warm']) {
      it(`${set}: ${name}`, async () => {
        const code = `
          import { ${set} } from '${fixtureUrl('lets-go-badly.js')}';
          await ${set}({ name: '${name}' });`;
        assert.equal(await runWell(code), 'said\n');
      });
    }
  }

  it('a warm one too that is told to', async () => {
    pool.setConcurrency(1);
    await warm({ name: 'spinsLater' });
    // The one that has idled longer makes room for it.
    await other({ name: 'nothing' });
    await until(() => living() === 2);
  });

  for (const set of ['talks', 'talksWarm']) {
    it(`${set}: none is ended, or let go, whose words wait for the process's own output`, async () => {
      const code = `
        import { Writable } from 'node:stream';
        let [written, blocked] = [0, true];
        const stdout = new Writable({
          write(chunk, _, callback) {
            written += chunk.length;
            setTimeout(callback, blocked ? 6_000 : 0);
            blocked = false;
          },
        });
        const { stdout: own } = process;
        Object.defineProperty(process, 'stdout', { value: stdout });
        const { ${set} } = await import('${fixtureUrl('talks.js')}');
        process.on('exit', () => own.write(String(written)));
        await ${set}({ name: 'text', params: [2_000_000] });`;
      assert.equal(await runWell(code), '2000000');
    });
  }

  it('none is ended that only takes its time to exit', async () => {
    const code = `
      import { talks } from '${fixtureUrl('talks.js')}';
      await talks({ name: 'inSlowExitHandler', params: [1_500] });`;
    assert.equal(await runWell(code), 'from a slow exit handler\n');
  });
});
