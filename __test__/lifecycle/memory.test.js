import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { runNode } from '../helpers.js';

const file = new URL('../load/memory.js', import.meta.url).pathname;

describe('memory', () => {
  it('R20: is flat over 200 one-off threads and 100,000 warm calls', async () => {
    const env = { NANOLITH_THREADS: '200', NANOLITH_CALLS: '100000' };
    const { code, stdout, stderr } = await runNode({ file }, { flags: ['--expose-gc'], env, timeout: 120_000 });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^flat/m);
  });

  it('an idle pool burns no CPU', async () => {
    const idle = new URL('../load/idle.js', import.meta.url).pathname;
    const { code, stdout, stderr } = await runNode({ file: idle });
    assert.equal(code, 0, stdout + stderr);
  });
});
