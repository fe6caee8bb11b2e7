import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fixtureUrl, runNode, runWell } from '../helpers.js';

const file = new URL('../load/memory.js', import.meta.url).pathname;

describe('memory', () => {
  it('R20: is flat over 200 one-off threads and 100,000 warm calls', async () => {
    const env = { NANOLITH_THREADS: '200', NANOLITH_CALLS: '100000' };
    const { code, stdout, stderr } = await runNode({ file }, { flags: ['--expose-gc'], env, timeout: 120_000 });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^flat/m);
  });

  it('what a large message took is given back, at both ends', async () => {
    const code = `
      import { setTimeout as sleep } from 'node:timers/promises';
      import { memory } from '${fixtureUrl('keeps-memory.js')}';
      const service = await memory.launchService();
      const MB = 2 ** 20;
      const heard = new Promise((resolve) => service.onMessage(({ length }) => resolve(length)));
      service.sendMessage(new Uint8Array(32 * MB));
      console.log((await heard) === 32 * MB);
      console.log((await service.call({ name: 'echo', params: [new Uint8Array(32 * MB)] })).length === 32 * MB);
      const kept = async () => {
        gc();
        const here = process.memoryUsage().arrayBuffers;
        return Math.max(here, await service.call({ name: 'kept' }));
      };
      for (const end = Date.now() + 20_000; (await kept()) > 4 * MB; await sleep(50)) {
        if (Date.now() > end) throw new Error('kept: ' + (await kept()));
      }
      await service.close();`;
    assert.equal(await runWell(code, { flags: ['--expose-gc'] }), 'true\ntrue\n');
  });

  it('an idle pool burns no CPU', async () => {
    const idle = new URL('../load/idle.js', import.meta.url).pathname;
    const { code, stdout, stderr } = await runNode({ file: idle });
    assert.equal(code, 0, stdout + stderr);
  });
});
