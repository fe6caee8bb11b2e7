// What the linters of packages say of the packed package.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../../scripts/pack.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The packed package. @param {string} tarball */
export function checkPackage(tarball) {
  it('publint finds nothing to say', { timeout: 60_000 }, () => {
    const { code, output } = run('publint', ['run', tarball, '--strict']);
    assert.equal(code, 0, output);
    assert.match(output, /All good!/);
  });

  it('are the types wrong? no, for those who can load ES modules', { timeout: 60_000 }, () => {
    const { code, output } = run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color']);
    assert.equal(code, 0, output);
    assert.match(output, /^node16 \(from ESM\): 🟢 \(ESM\)$/m);
    assert.match(output, /^bundler: 🟢 $/m);
  });
}

/** @param {string} name @param {string[]} args */
function run(name, args) {
  const { status, stdout, stderr } = spawnSync(join(here, 'node_modules', '.bin', name), args, {
    cwd: here,
    encoding: 'utf8',
    env: { ...plainEnv(), NO_COLOR: '1' },
    shell: process.platform === 'win32',
  });
  return { code: status, output: stdout + stderr };
}
