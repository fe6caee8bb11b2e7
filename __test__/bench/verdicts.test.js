import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peersOf, verdicts } from '../../bench/lib/verdicts.js';

const value = (contestant, median, more) => ({ contestant, median, ...more });
const figure = (better, targets, values) => ({ unit: 'us', better, targets, values });
const met = (...args) => verdicts(figure(...args)).map((verdict) => verdict.met);

test('times better than the best peer, whichever way is better', () => {
  const lower = [value('nanolith', 10), value('a', 90), value('b', 120)];
  assert.deepEqual(met('lower', [{ times: 9, of: 'best' }], lower), [true]);
  assert.deepEqual(met('lower', [{ times: 10, of: 'best' }], lower), [false]);
  const higher = [value('nanolith', 100), value('a', 50), value('b', 10)];
  assert.deepEqual(met('higher', [{ times: 2, of: 'best' }], higher), [true]);
  assert.deepEqual(met('higher', [{ times: 3, of: 'best' }], higher), [false]);
  assert.deepEqual(met('higher', [{ times: 10, of: ['b'] }], higher), [true]);
});

test('within so many times of a yardstick, which is no peer', () => {
  const values = [value('nanolith', 12), value('bare', 5, { yardstick: true }), value('a', 100)];
  assert.deepEqual(met('lower', [{ within: 3, of: ['bare'] }], values), [true]);
  assert.deepEqual(met('lower', [{ within: 2, of: ['bare'] }], values), [false]);
  assert.deepEqual(met('lower', [{ times: 8, of: 'best' }], values), [true]);
  assert.deepEqual(
    peersOf({ values }).map(({ contestant }) => contestant),
    ['a'],
  );
});

test('limits in the unit of the figure', () => {
  assert.deepEqual(met('higher', [{ atLeast: 90 }], [value('nanolith', 90)]), [true]);
  assert.deepEqual(met('higher', [{ atLeast: 90 }], [value('nanolith', 89.9)]), [false]);
  const idle = [value('nanolith, services', 0.4), value('nanolith, kept threads', 3)];
  const targets = idle.map(({ contestant }) => ({ ours: contestant, atMost: 1 }));
  assert.deepEqual(met('lower', targets, idle), [true, false]);
});

test('ours that failed is a missed target; one that was not asked for is none', () => {
  const targets = [{ times: 1, of: 'best' }];
  assert.deepEqual(met('lower', targets, [{ contestant: 'nanolith', failure: 'open: no' }, value('a', 1)]), [false]);
  assert.deepEqual(met('lower', targets, [value('a', 1)]), []);
  assert.deepEqual(met('lower', targets, [value('nanolith', 1), { contestant: 'a', failure: 'open: no' }]), []);
});
