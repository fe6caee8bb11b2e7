// The release workflow, which runs nowhere but on GitHub: what its matrices come to there, and in which order it publishes.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import yaml from 'js-yaml';

import { binaryName, platforms, readJson, root } from '../../scripts/platforms.js';

const path = join(root, '.github', 'workflows', 'release.yml');
const { jobs, env } = /** @type {any} */ (yaml.load(readFileSync(path, 'utf8')));

/** What the steps of a job run, in their order. @param {{ steps: { run?: string }[] }} job */
const commandsOf = ({ steps }) => steps.map(({ run = '' }) => run).join('\n');

/**
 * The combinations of a matrix, by GitHub's rules: an entry of `include` adds to every combination of the lists whose
 * values it does not contradict (what an earlier entry added may be replaced), or else is a combination of its own.
 * @param {{ include?: Record<string, unknown>[], [list: string]: unknown }} matrix
 */
function combinations({ include = [], ...lists }) {
  let product = /** @type {Record<string, unknown>[]} */ ([{}]);
  for (const [name, values] of Object.entries(lists)) {
    product = product.flatMap((row) => /** @type {unknown[]} */ (values).map((value) => ({ ...row, [name]: value })));
  }
  const rows = Object.keys(lists).length === 0 ? [] : product;
  const added = [];
  for (const entry of include) {
    const matching = rows.filter((row) =>
      Object.keys(lists).every((name) => !(name in entry) || row[name] === entry[name]),
    );
    for (const row of matching) Object.assign(row, entry);
    if (matching.length === 0) added.push({ ...entry });
  }
  return [...rows, ...added];
}

/**
 * What a job hands to an action, in each combination of its matrix.
 * @param {any} job
 * @param {string} action
 */
function inputsOf({ strategy, steps }, action) {
  const used = steps.filter((/** @type {any} */ { uses = '' }) => uses.startsWith(`actions/${action}@`));
  const rows = strategy ? combinations(strategy.matrix) : [{}];
  return rows.flatMap((row) => used.map((/** @type {any} */ step) => filled(step.with, row)));
}

/** What is said with the values of a combination in it. @param {object} said @param {Record<string, unknown>} row */
function filled(said, row) {
  const text = JSON.stringify(said).replaceAll(/\$\{\{ matrix\.(\w+) \}\}/g, (_, name) => String(row[name]));
  return JSON.parse(text);
}

/** Whether a runner is of the platform. @param {(typeof platforms)[number]} platform @param {string} runner */
function runsOn({ os, cpu }, runner) {
  const [system] = runner.split('-');
  const arm = runner === 'macos-latest' || runner.endsWith('-arm');
  return { linux: 'ubuntu', darwin: 'macos', win32: 'windows' }[os] === system && arm === (cpu === 'arm64');
}

test('the rules of a matrix', () => {
  assert.deepEqual(combinations({ include: [{ a: 1 }, { a: 2 }] }), [{ a: 1 }, { a: 2 }]);
  assert.deepEqual(combinations({ n: [1, 2], include: [{ a: 1 }, { a: 2 }] }), [
    { n: 1, a: 2 },
    { n: 2, a: 2 },
  ]);
  assert.deepEqual(combinations({ n: [1, 2], include: [{ n: 2, a: 1 }, { n: 3 }] }), [
    { n: 1 },
    { n: 2, a: 1 },
    { n: 3 },
  ]);
});

test('every platform is built, each for its own package', () => {
  const pairOf = (/** @type {any} */ { triple, target }) => `${triple} in ${target}`;
  const built = combinations(jobs.build.strategy.matrix).map(pairOf);
  assert.deepEqual(built.sort(), platforms.map(pairOf).sort());
});

test('npx is told which command of the CLI it shall run, on a Node that the CLI runs on', () => {
  assert.match(env.NAPI_CLI, /^@napi-rs\/cli@\d+\.\d+\.\d+$/);
  const calls = Object.values(jobs).flatMap((job) => commandsOf(job).match(/\bnpx .*/g) ?? []);
  assert.equal(calls.length, 1);
  assert.ok(calls[0].startsWith('npx --yes --package "$NAPI_CLI" napi build '), calls[0]);
  const [node] = jobs.build.steps.filter(({ uses = '' }) => uses.startsWith('actions/setup-node@'));
  assert.ok(node.with['node-version'] >= 22);
});

test('every platform is tested on its own system before anything is published', () => {
  const tests = Object.entries(jobs).filter(([name]) => name.startsWith('test'));
  const rows = tests.flatMap(([, job]) => combinations(job.strategy.matrix));
  for (const platform of platforms) {
    const own = rows.filter(({ target }) => target === platform.target);
    assert.deepEqual(own.map(({ node }) => node).sort(), [20, 24], platform.target);
    for (const { os } of own) assert.ok(runsOn(platform, os), `${platform.target} is tested on ${os}`);
  }
  assert.equal(rows.length, 2 * platforms.length);
  const others = Object.keys(jobs).filter((name) => name !== 'publish');
  assert.deepEqual([...jobs.publish.needs].sort(), others.sort());
});

test('each binary goes from where it is built to where it is tested, loaded and published', () => {
  const uploads = inputsOf(jobs.build, 'upload-artifact').map(({ name, path }) => `${name} of ${path}`);
  const binaries = platforms.map(({ target }) => `${target} of npm/${target}/${binaryName(target)}`);
  assert.deepEqual(uploads.sort(), binaries.sort());
  for (const row of combinations(jobs.build.strategy.matrix)) {
    const commands = commandsOf(filled(jobs.build, row));
    assert.ok(commands.includes(` --target ${row.triple} --output-dir npm/${row.target} `), commands);
  }

  const downloads = [jobs.test, jobs['test-musl']].flatMap((job) => inputsOf(job, 'download-artifact'));
  const places = platforms.map(({ target }) => `${target} to npm/${target}`);
  assert.deepEqual([...new Set(downloads.map(({ name, path }) => `${name} to ${path}`))].sort(), places.sort());
  // Without a name it brings all of them, each to a folder of its name.
  assert.deepEqual(inputsOf(jobs.publish, 'download-artifact'), [{ path: 'npm' }]);
});

test('the scripts that it runs are there', () => {
  const { scripts } = readJson(join(root, 'package.json'));
  const commands = Object.values(jobs).map(commandsOf).join('\n');
  for (const [, name] of commands.matchAll(/\bnpm run (\S+)/g)) assert.ok(name in scripts, name);
  for (const [, file] of commands.matchAll(/\bnode (\S+\.js)\b/g)) assert.ok(existsSync(join(root, file)), file);
});

test('the tests have dist/, which `npm ci` makes by a script that is left out here', () => {
  const tested = Object.entries(jobs).filter(([, job]) => /\bnpm test\b/.test(commandsOf(job)));
  assert.deepEqual(tested.map(([name]) => name).sort(), ['test', 'test-musl']);
  for (const [name, job] of tested) {
    const steps = commandsOf(job).match(/\bnpm (?:ci(?: --ignore-scripts)?|run bundle|test)\b/g);
    assert.deepEqual(steps, ['npm ci --ignore-scripts', 'npm run bundle', 'npm test'], name);
  }
});

test('what is published is installed first, bundled, prepared, and signed for', () => {
  const said = commandsOf(jobs.publish);
  const order = [
    'npm run test:install',
    'npm run bundle',
    'prepare-publish.js',
    'publish.js --provenance ',
    'gh release',
  ];
  const places = order.map((words) => said.indexOf(words));
  assert.ok(!places.includes(-1), said);
  assert.deepEqual(
    places,
    [...places].sort((one, other) => one - other),
  );
  assert.doesNotMatch(said, /\bnpm publish\b/);
  assert.equal(jobs.publish.permissions['id-token'], 'write');
});
