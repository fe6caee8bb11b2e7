// What users' compilers say: consumer/ and the cases of __test__/types, against the packed package, with the oldest
// TypeScript that knows all of index.d.ts' syntax and with each newer major version, by both ways of resolving modules.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

/** The compilers, each with the types of Node that its users are likely to have. */
const compilers = [
  { name: 'typescript-5.4', version: /^5\.4\./, typeRoot: '@types' },
  { name: 'typescript', version: /^5\.9\./, typeRoot: '@types' },
  { name: 'typescript-6', version: /^6\./, typeRoot: '@latest' },
  { name: 'typescript-7', version: /^7\./, typeRoot: '@latest' },
];

/** From 5.8 on, a CommonJS file may import what is an ES module, under `nodenext`. */
const requiresModules = (/** @type {string} */ name) => name !== 'typescript-5.4';

const resolutions = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'] },
  bundler: { module: 'esnext', moduleResolution: 'bundler', lib: ['esnext', 'dom', 'dom.iterable'] },
};

const options = {
  target: 'es2022',
  types: [],
  noEmit: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: false,
  strict: true,
  noUncheckedIndexedAccess: true,
};

/** @type {string} */
let folder;

before(() => {
  folder = mkdtempSync(join(here, '.types-'));
  cpSync(join(here, 'consumer'), folder, { recursive: true });
  // The cases of __test__/types, as if a user had written them.
  const cases = join(here, '..', 'types');
  mkdirSync(join(folder, 'cases'));
  for (const file of readdirSync(cases).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(cases, file), 'utf8').replaceAll("'../../index.js'", "'nanolith'");
    assert.match(text, /from 'nanolith'/, file);
    writeFileSync(join(folder, 'cases', file), text);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const { name, version, typeRoot } of compilers) {
  describe(`${name}`, { concurrency: 2 }, () => {
    it('is the version that is meant', () => {
      assert.match(require(`${name}/package.json`).version, version);
    });

    for (const [resolution, modules] of Object.entries(resolutions)) {
      // One value with each resolution, as a compiler takes seconds; both for the one that does not.
      const values = name === 'typescript-7' ? [true, false] : [resolution === 'nodenext'];
      for (const exactOptionalPropertyTypes of values) {
        const title = `${resolution}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}`;
        it(title, { timeout: 120_000 }, async () => {
          const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
            .filter((file) => /\.[cm]?[jt]s$/.test(file))
            // A file that requires an ES module is for compilers and resolutions that allow it.
            .filter((file) => file !== 'required.cts' || (resolution === 'nodenext' && requiresModules(name)));
          assert.ok(files.includes('main.ts') && files.some((file) => file.endsWith('refuse.ts')));
          const project = join(folder, `tsconfig.${name}.${resolution}.${exactOptionalPropertyTypes}.json`);
          const typeRoots = [join(here, 'node_modules', typeRoot)];
          const compilerOptions = { ...options, ...modules, exactOptionalPropertyTypes, typeRoots };
          writeFileSync(project, JSON.stringify({ compilerOptions, files }));
          const { code, output } = await compile(name, project);
          assert.equal(code, 0, output);
        });
      }
    }
  });
}

it('a compiler sees the mistakes at all: without its @ts-expect-error, a case fails', {
  timeout: 120_000,
}, async () => {
  const text = readFileSync(join(folder, 'main.ts'), 'utf8');
  const expected = text.split('@ts-expect-error').length - 1;
  writeFileSync(join(folder, 'mistakes.ts'), text.replaceAll('@ts-expect-error', ''));
  const project = join(folder, 'tsconfig.mistakes.json');
  const compilerOptions = { ...options, ...resolutions.nodenext };
  writeFileSync(project, JSON.stringify({ compilerOptions, files: ['mistakes.ts'] }));
  const { code, output } = await compile('typescript', project);
  assert.notEqual(code, 0);
  const lines = new Set([...output.matchAll(/mistakes\.ts\((\d+),/g)].map(([, line]) => line));
  assert.equal(lines.size, expected, output);
});

/**
 * @param {string} compiler
 * @param {string} project
 * @returns {Promise<{ code: number | null, output: string }>}
 */
async function compile(compiler, project) {
  const manifest = require.resolve(`${compiler}/package.json`);
  const tsc = join(manifest, '..', require(manifest).bin.tsc);
  const child = spawn(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: here });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, output };
}
