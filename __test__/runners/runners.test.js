// Each runner runs its suite against the packed package, in a process of its own that must end by itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { pack, plainEnv, unpackInto } from '../../scripts/pack.js';
import { readJson } from '../../scripts/platforms.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const LIMIT_MS = 120_000;

before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'nanolith-runners-'));
  try {
    unpackInto(here, pack(join(folder, 'packed')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The file that a package's command runs. @param {string} name */
function bin(name) {
  const manifest = join(here, 'node_modules', name, 'package.json');
  const { bin } = readJson(manifest);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[name]);
}

/**
 * Runs a suite, which must pass, with all its tests, and leave nothing open.
 * @param {string} folder
 * @param {string[]} args
 * @param {RegExp} passed what it prints when the tests have passed, with their number
 * @param {number} tests how many there are
 */
async function runSuite(folder, args, passed, tests) {
  const child = spawn(process.execPath, args, {
    cwd: join(here, folder),
    env: { ...plainEnv(), CI: 'true', NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
  clearTimeout(timer);
  assert.deepEqual([code, signal], [0, null], said);
  assert.equal(passed.exec(said)?.[1], String(tests), said);
  assert.doesNotMatch(said, /did not exit|open handle|MaxListeners|Unhandled|hanging/i);
}

describe('jest 30, ES modules in vm contexts', () => {
  for (const [what, flags] of [
    ['one process', ['--runInBand']],
    ['processes', ['--maxWorkers=2']],
    ['worker threads', ['--maxWorkers=2', '--workerThreads']],
  ]) {
    const args = ['--experimental-vm-modules', '--no-warnings', bin('jest'), ...flags];
    it(`files in ${what}`, () => runSuite('jest', args, /^Tests: +(\d+) passed, \1 total/m, 13));
  }
});

describe('ava 7', () => {
  for (const [what, flags] of [
    ['worker threads', []],
    ['processes', ['--no-worker-threads']],
  ]) {
    it(`files in ${what}`, () => runSuite('ava', [bin('ava'), ...flags], /(\d+) tests passed/, 10));
  }
});

describe('vitest 4', () => {
  for (const flags of [['threads'], ['forks'], ['vmThreads'], ['threads', '--no-isolate']]) {
    const args = [bin('vitest'), 'run', '--pool', ...flags];
    it(`pool ${flags.join(' ')}`, () => runSuite('vitest', args, /^ +Tests +(\d+) passed \(\1\)/m, 13));
  }
});

describe('node:test', () => {
  it('runs the suite', () =>
    runSuite('node-test', ['--test', '--test-reporter=tap', 'suite.test.js'], /^# pass (\d+)$/m, 11));
});
