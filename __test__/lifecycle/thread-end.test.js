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

  it('none is ended that only takes its time to exit', async () => {
    const code = `
      import { talks } from '${fixtureUrl('talks.js')}';
      await talks({ name: 'inSlowExitHandler', params: [1_500] });`;
    assert.equal(await runWell(code), 'from a slow exit handler\n');
  });
});
