import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fixtureUrl, runNode, runWell } from '../helpers.js';

const imports = `import { talks, talksWarm } from '${fixtureUrl('talks.js')}';`;
const lines = (/** @type {number} */ count) => Array.from({ length: count }, (_, at) => `line ${at}\n`).join('');

describe('R22: what a thread wrote to the console arrives before the process ends', () => {
  for (const set of ['talks', 'talksWarm']) {
    it(`${set}: many lines, then a result`, async () => {
      assert.equal(await runWell(`${imports} await ${set}({ name: 'lines', params: [300] });`), lines(300));
    });

    it(`${set}: a large text, then a result`, async () => {
      const written = await runWell(`${imports} await ${set}({ name: 'text', params: [2_000_000] });`);
      assert.equal(written.length, 2_000_000);
    });

    it(`${set}: lines over some time, then a result`, async () => {
      assert.equal(await runWell(`${imports} await ${set}({ name: 'linesLater', params: [20] });`), lines(20));
    });

    it(`${set}: on stderr`, async () => {
      const { code, stderr } = await runNode(`${imports} await ${set}({ name: 'errors', params: [50] });`);
      assert.equal(code, 0);
      assert.equal(stderr, lines(50));
    });

    it(`${set}: then process.exit in the task`, async () => {
      const code = `${imports}
        const { exitCode } = await ${set}({ name: 'linesThenExit', params: [50] }).catch((error) => error);
        process.exitCode = exitCode;`;
      const { code: exitCode, stdout } = await runNode(code);
      assert.equal(exitCode, 3);
      assert.equal(stdout, lines(50));
    });

    it(`${set}: then a throw`, async () => {
      const code = `${imports}
        console.log((await ${set}({ name: 'linesThenThrow', params: [50] }).catch((error) => error)).message);`;
      const written = (await runWell(code)).split('\n').sort();
      assert.deepEqual(written, `${lines(50)}thrown\n`.split('\n').sort());
    });
  }

  it('of a warm thread whose options ask for streams of its own too, and the process ends', async () => {
    const code = `import { talksWarmAsking } from '${fixtureUrl('talks.js')}';
      await talksWarmAsking({ name: 'lines', params: [300] });`;
    assert.equal(await runWell(code), lines(300));
  });

  it('of exit handlers of a one-off task too', async () => {
    assert.equal(await runWell(`${imports} await talks({ name: 'inExitHandler' });`), 'from an exit handler\n');
  });
});
