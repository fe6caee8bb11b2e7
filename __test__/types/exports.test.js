import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as exported from '../../index.js';
import { declaredCodes, declaredExports, declaredOptions } from './exports.js';

const kindOf = (value) => {
  if (typeof value !== 'function') return typeof value;
  return Function.prototype.toString.call(value).startsWith('class') ? 'class' : 'function';
};

describe('exports', () => {
  it('are those that index.d.ts declares', () => {
    const kinds = Object.fromEntries(Object.entries(exported).map(([name, value]) => [name, kindOf(value)]));
    assert.deepEqual(kinds, { ...declaredExports });
  });

  it('ConcurrencyOption has the declared values', () => {
    assert.deepEqual({ ...exported.ConcurrencyOption }, declaredOptions);
    assert.equal(exported.pool.option, exported.ConcurrencyOption);
  });

  it('error classes have the declared names and codes', () => {
    const classes = Object.entries(exported).filter(([, value]) => value?.prototype instanceof Error);
    const codes = classes.map(([name, ErrorClass]) => {
      const error = new ErrorClass('what happened');
      assert.equal(error.name, name);
      return [name, error.code];
    });
    assert.deepEqual(Object.fromEntries(codes), declaredCodes);
  });
});
