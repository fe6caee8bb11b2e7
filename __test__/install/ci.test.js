// What CI runs, and where: nothing that is written here is left out there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import yaml from 'js-yaml';

import { readJson, root } from '../../scripts/platforms.js';

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');
const { jobs } = /** @type {any} */ (yaml.load(read('.github/workflows/ci.yml')));
const script = read('.ci/run');

test('.ci/run and `npm run check` run the same, in the same order', () => {
  const commandsOf = (/** @type {string} */ text) =>
    [...text.matchAll(/\bnpm (?:run (?!build\b)|test\b)[^&\n]*(?<! )/g)].map(([command]) => command);
  const steps = script.replaceAll(/^(?:#|step ).*$/gm, '');
  assert.ok(jobs.check.steps.some((/** @type {any} */ { run }) => run === '.ci/run'));
  assert.deepEqual(commandsOf(steps), commandsOf(readJson(join(root, 'package.json')).scripts.check));
});

test('TypeScript by Node itself is tested: in .ci/run, and with the test runners on each newer Node', () => {
  assert.match(script, /^npm run test:typescript -- --on node-26 --only-names itself$/m);
  const { strategy, steps } = jobs.test;
  const { os, node, exclude } = strategy.matrix;
  const step = steps.find((/** @type {any} */ { run = '' }) => run.includes('npm run test:typescript'));
  assert.equal(step?.run, 'npm run test:typescript && npm run test:runners');
  assert.equal(step.if, "matrix.os == 'ubuntu-latest'");
  assert.ok(os.includes('ubuntu-latest'));
  assert.deepEqual(node, [20, 22, 24, 26]);
  assert.deepEqual(exclude, [{ os: 'ubuntu-latest', node: 20 }]);
});
