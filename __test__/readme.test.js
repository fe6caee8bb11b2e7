// The README's snippets, run as they stand: every JavaScript block that begins with a file name is written to a fresh
// folder where `nanolith` is installed, and what each file prints is compared with the comments behind its console.logs.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode } from './helpers.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```js\n\/\/ (\S+\.js)\n([\s\S]*?)```/g)].map(([, file, code]) => ({ file, code }));

const folder = mkdtempSync(join(tmpdir(), 'nanolith-readme-'));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'nanolith'), 'junction');
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
for (const { file, code } of blocks) writeFileSync(join(folder, file), code);
after(() => rmSync(folder, { recursive: true }));

test('has the snippets that this test is about', () => {
  const files = blocks.map(({ file }) => file);
  assert.equal(new Set(files).size, files.length, 'no two snippets share a file name');
  for (const file of ['index.js', 'count.js', 'cluster.js', 'news.js', 'upload.js', 'limits.js']) {
    assert.ok(files.includes(file), file);
  }
});

for (const { file, code } of blocks) {
  test(`${file} runs and prints what its comments say`, async () => {
    const { code: exitCode, stdout, stderr } = await runNode({ file: join(folder, file) }, { timeout: 30_000 });
    assert.equal(stderr, '');
    assert.equal(exitCode, 0);
    const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (\S.*)$/gm)].map(([, said]) => said);
    for (const said of promised) {
      // A comment begins with the output where that can be told; words explain it.
      const [value] = /^(?:\{.*\}|\d+|hello from a thread)/.exec(said) ?? [];
      if (value !== undefined) assert.ok(stdout.split('\n').includes(value), `${value} in:\n${stdout}`);
    }
  });
}
