// The codec against the platform's own structured clone, on random values.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { makeCodec } from '../codec/helpers.js';
import { assertOwnRealm, print } from './print.js';
import { check } from './settings.js';
import { build, recipe } from './values.js';

/** What comes of cloning: a text of the copy, or the refusal. @param {(value: any) => any} clone @param {unknown} value */
function outcome(clone, value) {
  try {
    return print(clone(value), { platform: true });
  } catch (error) {
    if (error instanceof DOMException) return error.name;
    throw error;
  }
}

describe('random values', () => {
  for (const generate of [true, false]) {
    it(`come back the same, ${generate ? 'generated' : 'plain'} decoders`, async () => {
      const { encode, decode, decodeDeep } = makeCodec({ generate, size: 64 });
      await check(
        fc.property(recipe({ nodeBuffers: true }), (recipe) => {
          const value = build(recipe);
          const bytes = encode(value);
          const copy = decode(bytes);
          assert.equal(print(copy), print(value));
          assertOwnRealm(copy);
          const again = decodeDeep(bytes);
          assert.equal(print(again), print(value), 'read without the stack');
          assertOwnRealm(again);
        }),
        300,
      );
    });
  }

  it('come back as structuredClone makes them', async () => {
    const { roundTrip } = makeCodec();
    await check(
      fc.property(recipe({ errors: 'plain' }), (recipe) => {
        const value = build(recipe);
        assert.equal(outcome(roundTrip, value), outcome(structuredClone, value));
      }),
      300,
    );
  });

  it('are refused where structuredClone refuses them, and leave no trace', async () => {
    const { roundTrip, writer } = makeCodec();
    let refused = 0;
    await check(
      fc.property(recipe({ errors: 'none', refused: true }), recipe(), (bad, good) => {
        const value = build(bad);
        const expected = outcome(structuredClone, value);
        assert.equal(outcome(roundTrip, value), expected);
        if (expected === 'DataCloneError') refused += 1;
        writer.position = 0;
        const next = build(good);
        assert.equal(print(roundTrip(next)), print(next));
      }),
      300,
    );
    assert.ok(refused > 20, `${refused} were refused`);
  });
});
