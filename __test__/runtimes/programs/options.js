import { assert } from '../fixtures/check.js';
import { tasks } from '../fixtures/sets.js';

process.env.COLOR = 'shared';
assert.equal((await tasks({ name: 'where' })).color, 'shared');
const { argv, color } = await tasks({ name: 'where', options: { argv: ['--fast'], env: { COLOR: 'own' } } });
assert.deepEqual([argv, color], [['--fast'], 'own']);
assert.equal(process.env.COLOR, 'shared');
