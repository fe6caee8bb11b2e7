// Definition files in TypeScript: by Node itself where it strips types, by loaders elsewhere, and what is said where
// neither is there. Run it with each version of Node.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode } from '../helpers.js';

const [major, minor] = process.versions.node.split('.').map(Number);
/** Whether this Node loads TypeScript by itself. */
const strips = major > 22 || (major === 22 && minor >= 18);

const path = (/** @type {string} */ file) => fileURLToPath(new URL(`./loaders/${file}`, import.meta.url));
/** A file of `node_modules`. @param {string} file */
const installed = (file) => fileURLToPath(new URL(`./node_modules/${file}`, import.meta.url));
/** A loader as its users name it. @param {string} name */
const loader = (name) => import.meta.resolve(name);

/** What a start prints, on each thread, that is only about Node's experiments. */
const WARNINGS = /^\(node:\d+\) (?:ExperimentalWarning|\[DEP0\d+\]).*\n(?:(?:--import|Support|\(Use) .*\n)*/gm;

/** @param {{ file: string, flags?: string[], env?: Record<string, string> }} how */
async function run({ file, flags = [], env = {} }) {
  // Loaders are found from where the process starts.
  const { code, stdout, stderr } = await runNode({ file }, { flags, env, cwd: path('..'), timeout: 60_000 });
  return { code, stdout, stderr: stderr.replace(WARNINGS, '') };
}

/** @param {Parameters<typeof run>[0]} how */
async function answers(how) {
  assert.deepEqual(await run(how), { code: 0, stdout: '5 5 5\n', stderr: '' });
}

describe('a task, a warm task and a service of a .ts file', () => {
  it('by tsx, node --import', () => answers({ file: path('esm/main.ts'), flags: ['--import', loader('tsx')] }));

  it('by tsx, the command', async () => {
    const { code, stdout, stderr } = await runNode(
      { file: installed('tsx/dist/cli.mjs') },
      { args: [path('esm/main.ts')], timeout: 60_000 },
    );
    assert.deepEqual(
      { code, stdout, stderr: stderr.replace(WARNINGS, '') },
      { code: 0, stdout: '5 5 5\n', stderr: '' },
    );
  });

  it('by tsx, CommonJS', () => answers({ file: path('cjs/main.ts'), flags: ['--import', loader('tsx')] }));

  it('by ts-node, for ES modules', () =>
    answers({
      file: path('esm/main.ts'),
      flags: ['--loader', loader('ts-node/esm')],
      env: { TS_NODE_PROJECT: path('esm/tsconfig.json'), TS_NODE_TRANSPILE_ONLY: 'true' },
    }));

  it('by ts-node, for CommonJS', () =>
    answers({
      file: path('cjs/main.ts'),
      flags: ['--require', installed('ts-node/register/transpile-only.js')],
      env: { TS_NODE_PROJECT: path('cjs/tsconfig.json') },
    }));

  it('by swc-node, for ES modules', () =>
    answers({
      file: path('esm/main.ts'),
      flags: ['--import', loader('@swc-node/register/esm-register')],
      env: { SWC_NODE_PROJECT: path('esm/tsconfig.json') },
    }));

  it('by swc-node, for CommonJS', () =>
    answers({
      file: path('cjs/main.ts'),
      flags: ['--require', installed('@swc-node/register/index.js')],
      env: { SWC_NODE_PROJECT: path('cjs/tsconfig.json') },
    }));

  if (strips) {
    it('by Node itself', () => answers({ file: path('native/main.ts') }));

    it('by Node itself, where only the syntax tells that it is a module', () =>
      answers({ file: path('untyped/main.ts'), flags: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'] }));
  } else if (major === 22 && minor >= 6) {
    it('by Node itself, with its flag', () =>
      answers({ file: path('native/main.ts'), flags: ['--experimental-strip-types'] }));
  }
});

describe('without a loader', () => {
  if (strips) {
    it('Node itself loads the source', async () => {
      const { code, stdout } = await run({ file: path('plain/main.js') });
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '5\n5\n5\n' });
    });

    it('says what to do about what Node itself does not strip', async () => {
      const { stdout } = await run({ file: path('plain/enum.js') });
      assert.match(stdout, /^ERR_NANOLITH_LOAD ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX Cannot load .*enum\.ts: /);
      assert.match(stdout, /erasableSyntaxOnly/);
      assert.match(stdout, /node --import tsx/);
    });
  } else {
    it('says what to do', async () => {
      const { code, stdout } = await run({ file: path('plain/main.js') });
      assert.equal(code, 0);
      const said =
        /^ERR_NANOLITH_LOAD ERR_UNKNOWN_FILE_EXTENSION Cannot load .*tasks\.ts: .*\nNode loads TypeScript /gm;
      assert.equal(stdout.match(said)?.length, 3, stdout);
      assert.match(stdout, /node --import tsx/);
    });
  }
});
