// A small server that uses the package, built by each bundler in each way that docs/bundlers.md shows, then run and asked
// where there is nothing but what was built and node_modules with nanolith.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { pack, plainEnv, unpackInto } from '../../scripts/pack.js';
import { readJson, root } from '../../scripts/platforms.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'nanolith-bundlers-')));
const LIMIT_MS = 60_000;

/** @type {ReturnType<typeof pack>} */
let packed;

before(() => {
  packed = pack(join(scratch, 'packed'));
  // The bundlers, for the configurations to import.
  symlinkSync(join(here, 'node_modules'), join(scratch, 'node_modules'), 'junction');
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** The file that a package's command runs. @param {string} name */
function bin(name) {
  const manifest = join(here, 'node_modules', name, 'package.json');
  const { bin } = readJson(manifest);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[name]);
}

/** How each bundler is started where its configuration is. */
const commands = {
  esbuild: () => ['build.js'],
  'esbuild-esm': () => ['build-esm.js'],
  'esbuild-cjs': () => ['build-cjs.js'],
  rollup: () => [bin('rollup'), '--config', 'rollup.config.js'],
  vite: () => [bin('vite'), 'build'],
  webpack: () => [join(here, 'webpack.js')],
};

/**
 * Builds a form of the server and puts the outcome where the sources are out of reach, as a deployment does.
 * @param {string} form
 * @param {keyof typeof commands} bundler
 */
async function build(form, bundler) {
  const project = join(scratch, `${form}-${bundler}`);
  mkdirSync(project);
  if (form !== 'bare') cpSync(join(here, 'app'), project, { recursive: true });
  cpSync(join(here, form), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  unpackInto(project, packed);
  const { stdout, stderr } = await run(process.execPath, commands[bundler](), { cwd: project, env: plainEnv() });

  const deployed = join(scratch, `${form}-${bundler}-deployed`);
  mkdirSync(deployed);
  renameSync(join(project, 'out'), join(deployed, 'out'));
  const type = bundler === 'esbuild-cjs' ? 'commonjs' : 'module';
  writeFileSync(join(deployed, 'package.json'), JSON.stringify({ type }));
  rmSync(project, { recursive: true });
  return { deployed, said: `${stdout}\n${stderr}` };
}

/**
 * Starts the built server, asks it, and ends it.
 * @param {string} deployed
 */
async function serveAndAsk(deployed) {
  unpackInto(deployed, packed);
  const server = spawn(process.execPath, [join(deployed, 'out', 'server.js')], {
    env: { ...plainEnv(), PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve({ code, signal })));
  let [stdout, stderr] = ['', ''];
  server.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const port = new Promise((resolve) => {
    server.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      const line = /^(\d+)\n/.exec(stdout)?.[1];
      if (line) resolve(Number(line));
    });
  });
  const up = await Promise.race([port, ended]);
  assert.equal(typeof up, 'number', `the server ended: ${JSON.stringify(up)}\n${stdout}\n${stderr}`);
  const ask = async (/** @type {string} */ path) => (await fetch(`http://127.0.0.1:${up}${path}`)).text();
  const answers = await Promise.all([
    ask('/count?text=one+or+three'),
    ask('/longest?text=one+or+three'),
    ask('/count?text='),
  ]);
  server.kill();
  await ended;
  assert.deepEqual(answers, ['3', 'three', '0']);
  assert.equal(stdout, `${up}\n`, 'one server has started');
  assert.equal(stderr, '');
}

const forms = {
  entries: ['esbuild', 'rollup', 'vite'],
  file: ['esbuild', 'webpack'],
  one: ['esbuild', 'rollup', 'vite', 'webpack'],
};

for (const [form, bundlers] of Object.entries(forms)) {
  describe(`the form '${form}', nanolith external`, () => {
    for (const bundler of bundlers) {
      it(`works with ${bundler}`, async () => {
        const { deployed, said } = await build(form, /** @type {keyof typeof commands} */ (bundler));
        assert.doesNotMatch(said, /warn/i);
        await serveAndAsk(deployed);
      });
    }
  });
}

describe('definitions bundled into the server without a word about it', () => {
  it('are refused by safeMode, which names the case', async () => {
    const project = join(scratch, 'mistaken');
    for (const form of ['app', 'one', 'entries']) {
      cpSync(join(here, form), project, { recursive: true, filter: (path) => !path.endsWith('one/server.js') });
    }
    cpSync(join(here, 'one', 'build.js'), join(project, 'build.js'));
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    unpackInto(project, packed);
    await run(process.execPath, ['build.js'], { cwd: project, env: plainEnv() });
    await assert.rejects(
      run(process.execPath, ['out/server.js'], { cwd: project, env: plainEnv() }),
      /SafeModeError: count,longest was called from .*server\.js, the file that defines it: .*In a bundle all files are one/,
    );
  });
});

describe('nanolith inside of the bundle', () => {
  for (const bundler of /** @type {const} */ (['esbuild-esm', 'esbuild-cjs', 'rollup', 'vite', 'webpack'])) {
    it(`says that it must be external (${bundler})`, async () => {
      const { deployed } = await build('bare', bundler);
      unpackInto(deployed, packed);
      const failed = await run(process.execPath, [join(deployed, 'out', 'server.js')], { env: plainEnv() }).then(
        ({ stdout }) => assert.fail(`it ran and said ${stdout}`),
        (error) => error,
      );
      assert.match(failed.stderr, /PlatformError: nanolith runs from its own files, and they are not at /);
      assert.match(failed.stderr, /Keep it out of the bundle \(esbuild: external: \['nanolith'\], rollup/);
    });
  }
});

describe('docs/bundlers.md', () => {
  const page = readFileSync(join(root, 'docs', 'bundlers.md'), 'utf8');
  const shown = [...page.matchAll(/^`(\S+\.js)`:\n\n```js\n([\s\S]*?)```/gm)].map(([, file, code]) => ({ file, code }));

  it('shows every configuration that works, as it was tested', () => {
    const tested = Object.keys(forms).flatMap((form) =>
      readdirSync(join(here, form))
        .filter((file) => !(form === 'entries' && file === 'tasks.js'))
        .map((file) => `${form}/${file}`),
    );
    assert.deepEqual(shown.map(({ file }) => file).sort(), tested.sort());
    for (const { file, code } of shown) assert.equal(code, readFileSync(join(here, file), 'utf8'), file);
    assert.ok(page.includes(readFileSync(join(here, 'entries', 'tasks.js'), 'utf8')), 'and the definitions');
  });
});
