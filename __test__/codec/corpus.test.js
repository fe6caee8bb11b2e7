import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCorpus } from './corpus.js';
import { examine } from './examine.js';

describe('the fuzzer’s corpus', () => {
  for (const name of /** @type {const} */ (['seeds', 'failures'])) {
    it(`holds: ${name}`, () => {
      const inputs = readCorpus(name);
      assert.ok(name === 'failures' || inputs.length > 20);
      for (const bytes of inputs) {
        try {
          examine(bytes);
        } catch (error) {
          throw new Error(`for ${Buffer.from(bytes).toString('hex')}`, { cause: error });
        }
      }
    });
  }
});
