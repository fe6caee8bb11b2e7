// How the process was started must not matter to threads.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { binaryName, hostPlatform, root } from '../../scripts/platforms.js';
import { fixture, fixtureUrl, INDEX, runWell, urlOf, write } from '../helpers.js';

const calls = `
  const add = { name: 'add', params: [1, 2] };
  console.log(await tasks(add), await warm(add));
`;
const imports = `
  import { tasks } from '${fixtureUrl('tasks.js')}';
  import { warm } from '${fixtureUrl('warm.js')}';
`;
const dynamic = `(async () => {
  const { tasks } = await import('${fixtureUrl('tasks.js')}');
  const { warm } = await import('${fixtureUrl('warm.js')}');
  ${calls}
})()`;
const features = /** @type {any} */ (process.features);

describe('threads work in a process that was started with', () => {
  it('--input-type=module -e', async () => {
    assert.equal(await runWell(imports + calls, { input: true }), '3 3\n');
  });

  it('-e in CommonJS', async () => {
    assert.equal(await runWell({ file: '-e' }, { args: [dynamic] }), '3 3\n');
  });

  it('--eval=code', async () => {
    assert.equal(await runWell({ file: `--eval=${dynamic}` }), '3 3\n');
  });

  it('-p', async () => {
    // Node also prints the promise: before the calls have settled, or (from 22 on) after.
    assert.match(await runWell({ file: '-p' }, { args: [dynamic] }), /^3 3$/m);
  });

  it('flags of the process, of V8 and of the test runner', async () => {
    const flags = ['--expose-gc', '--max-old-space-size=512', '--stack-trace-limit=20', '--enable-source-maps'];
    assert.equal(await runWell(imports + calls, { flags: [...flags, '--input-type=module'], input: true }), '3 3\n');
    assert.equal(await runWell(imports + calls, { flags }), '3 3\n');
    assert.equal(await runWell(imports + calls, { flags: ['--test-only'] }), '3 3\n');
  });

  it('flags for threads, which are passed on', async () => {
    const code = `
      import { describes } from '${fixtureUrl('describes-its-thread.js')}';
      const { execArgv } = await describes({ name: 'describe', params: [''] });
      console.log(execArgv.join(' '));`;
    assert.equal(await runWell(code, { flags: ['--no-warnings'] }), '--no-warnings\n');
    assert.equal(
      await runWell(code, { flags: ['--no-warnings', '--conditions=custom'], input: true }).then(cut),
      '--no-warnings --conditions=custom\n',
    );
  });

  it('--import, which threads load too', async () => {
    const preload = write('globalThis.preloaded = true;', 'preload.mjs');
    const definitions = write(
      `import { define } from '${INDEX}';
       export const api = await define({ seen: () => globalThis.preloaded });`,
      'sees-preload.mjs',
    );
    const code = `import { api } from '${definitions}'; console.log(await api({ name: 'seen' }));`;
    assert.equal(await runWell(code, { flags: ['--import', preload] }), 'true\n');
  });

  it('another working directory than the files’', async () => {
    const code = `process.chdir('/'); ${dynamic}`;
    assert.equal(await runWell({ file: '-e' }, { args: [code] }), '3 3\n');
  });

  it('definitions in CommonJS', { skip: features.require_module !== true }, async () => {
    const code = `
      const { commonjs } = require('${fixture('commonjs.cjs')}');
      commonjs.then((api) => api({ name: 'add', params: [1, 2] })).then(console.log);`;
    const flags = ['--no-warnings'];
    assert.equal(await runWell({ file: '-e' }, { flags, args: [code] }), '3\n');
    const definitions = write(
      `const { define } = require('${new URL(INDEX).pathname}');
       exports.api = define({ add: (x, y) => x + y }, { isolate: false });`,
      'warm-commonjs.cjs',
    );
    const warm = `require('${definitions}').api.then((api) => api({ name: 'add', params: [1, 2] })).then(console.log);`;
    assert.equal(await runWell({ file: '-e' }, { flags, args: [warm] }), '3\n');
  });

  it('definitions in TypeScript, where Node strips types', { skip: !features.typescript }, async () => {
    const definitions = write(
      `import { define } from '${INDEX}';
       export const api = await define({ add: (x: number, y: number): number => x + y });`,
      'typed.mts',
    );
    const code = `import { api } from '${definitions}'; console.log(await api({ name: 'add', params: [1, 2] }));`;
    assert.equal(await runWell(code, { flags: ['--no-warnings'] }), '3\n');
  });

  it('definitions whose path has spaces, #, ?, % and letters beyond ASCII', async () => {
    const name = 'a b#c?d%20é.mjs';
    const definitions = write(
      `import { define } from '${INDEX}';
       export const api = await define({ add: (x, y) => x + y });
       export const warm = await define({ add: (x, y) => x + y }, { identifier: 'warm', isolate: false });`,
      name,
    );
    const code = `
      import { pathToFileURL } from 'node:url';
      const { api, warm } = await import(pathToFileURL(${JSON.stringify(definitions)}).href);
      console.log(await api({ name: 'add', params: [1, 2] }), await warm({ name: 'add', params: [1, 2] }));`;
    assert.equal(await runWell(code), '3 3\n');
  });

  it('definitions imported with a query, as loaders do it', async () => {
    const code = `
      const { tasks } = await import('${fixtureUrl('tasks.js')}?version=2');
      console.log(await tasks({ name: 'add', params: [1, 2] }));`;
    assert.equal(await runWell(code), '3\n');
  });

  it('a copy of the built files, where no package is called nanolith', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanolith-copy-'));
    try {
      const target = hostPlatform()?.target ?? assert.fail('no platform');
      const binary = join('npm', target, binaryName(target));
      for (const path of ['dist', binary]) cpSync(join(root, path), join(folder, path), { recursive: true });
      const sets = write(
        `import { define } from '${urlOf(join(folder, 'dist', 'index.js'))}';
         export const api = await define({ add: (x, y) => x + y });`,
        'uses-copy.mjs',
      );
      // Spares start after the first calls, and serve the later ones.
      const code = `
        import { api } from '${urlOf(sets)}';
        process.on('worker', (worker) => worker.on('error', (error) => console.log(String(error))));
        for (let at = 0; at < 4; at += 1) console.log(await api({ name: 'add', params: [at, 2] }));`;
      assert.equal(await runWell(code), '2\n3\n4\n5\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('the built files, which later threads need not compile again', async () => {
    const sets = write(
      `import { workerData } from 'node:worker_threads';
       import { define } from '${urlOf(join(root, 'dist', 'index.js'))}';
       const { code, script } = workerData?.nanolith ?? {};
       export const api = await define({ compiled: () => [code !== undefined, script !== undefined] });`,
      'shares-code.mjs',
    );
    const code = `
      import { setTimeout } from 'node:timers/promises';
      import { api } from '${urlOf(sets)}';
      import { pool } from '${urlOf(join(root, 'dist', 'index.js'))}';
      pool.setSpares(0);
      console.log(...(await api({ name: 'compiled' })));
      const bound = performance.now() + 20_000;
      let last;
      do {
        await setTimeout(10);
        last = await api({ name: 'compiled' });
      } while (!last[0] && performance.now() < bound);
      console.log(...last);`;
    assert.equal(await runWell(code), 'false true\ntrue false\n');
  });

  it('a file that is a link to the definitions', async () => {
    const code = `
      import { symlinkSync } from 'node:fs';
      const link = process.argv[2];
      symlinkSync('${fixture('tasks.js')}', link);
      const { define } = await import('${INDEX}');
      const api = await define({ add() {} }, { identifier: 'tasks', file: link, safeMode: false });
      console.log(await api({ name: 'add', params: [1, 2] }));`;
    assert.equal(await runWell(code, { args: [`${write('', 'unused.mjs')}.link.mjs`] }), '3\n');
  });
});

/** @param {string} text */
function cut(text) {
  return text.replace('--input-type=module ', '');
}
