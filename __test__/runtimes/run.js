// Runs nanolith on other runtimes:
//
//   npm run test:runtimes [-- runtime…] [--rounds N] [--programs] [--write]
//
// On each Node, the whole test suite. On each Node, Bun and Deno, the programs of behaviours.js, of which the README has
// a table: this fails when a program fails without a named fault, when one works in spite of it, and when the README's
// table is another. `--programs` leaves the suite out, `--write` writes the table. A runtime is node-20, node-22, node-24, node-26, bun, deno, or `running`.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/platforms.js';
import { environmentOf, run, runtimes, versionOf } from '../../scripts/runtimes.js';
import { behaviours } from './behaviours.js';

/** @typedef {import('../../scripts/runtimes.js').Runtime} Runtime */

const PROGRAM_TIMEOUT_MS = 60_000;
const TITLES = /** @type {Record<string, string>} */ ({ bun: 'Bun', deno: 'Deno' });

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    programs: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) throw new TypeError('--rounds takes a positive whole number');

const chosen = runtimes(positionals);
/** @type {string[]} */
const complaints = [];

/** The programs that did not work, by runtime. @type {Map<string, Set<string>>} */
const failures = new Map();
for (const runtime of chosen) failures.set(runtime.name, await runPrograms(runtime));

/** @type {{ runtime: Runtime, suite: string, seconds: number }[]} */
const suites = [];
for (const runtime of chosen.filter(({ isNode }) => isNode && !values.programs))
  suites.push({ runtime, ...(await runSuite(runtime)) });

report();
checkTable();

if (complaints.length > 0) {
  console.error(`\n${complaints.join('\n')}`);
  process.exitCode = 1;
}

/**
 * Runs the programs; returns those that did not work.
 * @param {Runtime} runtime
 */
async function runPrograms(runtime) {
  console.log(`${runtime.name} ${versionOf(runtime)}: ${behaviours.length} programs, ${rounds} rounds`);
  /** @type {Set<string>} */
  const failed = new Set();
  for (const behaviour of behaviours) {
    /** @type {string[]} */
    const how = [];
    for (let round = 0; round < rounds; round += 1) {
      const fault = await faultOf(runtime, behaviour);
      if (fault !== undefined) how.push(fault);
    }
    const { program } = behaviour;
    const named = behaviour.faults?.[runtime.name];
    if (how.length > 0) failed.add(program);
    if (how.length > 0 && named === undefined) {
      complaints.push(`${runtime.name}: ${program} failed in ${how.length} of ${rounds} rounds: ${how[0]}`);
    } else if (how.length === 0 && named !== undefined) {
      complaints.push(`${runtime.name}: ${program} works, though behaviours.js names a fault: ${named}`);
    }
  }
  return failed;
}

/**
 * Runs a program once; says what was wrong.
 * @param {Runtime} runtime
 * @param {import('./behaviours.js').Behaviour} behaviour
 */
async function faultOf(runtime, { program, code = 0, stdout = '', stderr }) {
  const file = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  const ended = await run(runtime, file, { timeoutMs: PROGRAM_TIMEOUT_MS });
  const said = ended.stderr.trim() || ended.stdout.trim();
  if (ended.late) return `had not ended after ${PROGRAM_TIMEOUT_MS / 1000} s\n${said}`;
  if (ended.signal !== null || ended.code !== code) return `ended with ${ended.signal ?? ended.code}\n${said}`;
  if (sorted(ended.stdout) !== sorted(stdout)) return `printed ${JSON.stringify(ended.stdout)}`;
  if (stderr) return stderr.test(ended.stderr) ? undefined : `wrote to stderr: ${ended.stderr}`;
  // Bun and Deno have warnings of their own.
  if (runtime.isNode && unexpected(ended.stderr)) return `wrote to stderr: ${ended.stderr}`;
  return undefined;
}

/** @param {string} text */
function sorted(text) {
  return text.split('\n').sort().join('\n');
}

/** What else than Node's warnings of what is experimental was written. @param {string} stderr */
function unexpected(stderr) {
  return stderr.replace(/^\(.*(?:ExperimentalWarning|--trace-warnings).*$/gm, '').trim();
}

/**
 * Runs the whole suite on a Node.
 * @param {Runtime} runtime
 */
async function runSuite(runtime) {
  console.log(`${runtime.name} ${versionOf(runtime)}: the test suite`);
  const start = performance.now();
  const env = { ...environmentOf(runtime), NO_COLOR: '1' };
  const child = spawn(runtime.binary, [join(root, 'scripts', 'test.js')], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 2],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const [tests, passed] = ['tests', 'pass'].map((what) =>
    Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(stdout)?.[1]),
  );
  if (code !== 0 || tests !== passed || !(tests > 0)) {
    console.error(stdout.slice(Math.max(0, stdout.indexOf('\n✖ failing tests:'))));
    complaints.push(`${runtime.name}: the suite ended with ${code}, ${passed} of ${tests} tests passed`);
  }
  return { suite: `${passed} of ${tests}`, seconds: (performance.now() - start) / 1000 };
}

function report() {
  console.log('\n| runtime | version | programs | test suite |\n|---|---|---|---|');
  for (const runtime of chosen) {
    const worked = behaviours.length - (failures.get(runtime.name)?.size ?? 0);
    const suite = suites.find((suite) => suite.runtime === runtime);
    const tests = suite ? `${suite.suite} in ${suite.seconds.toFixed(0)} s` : '';
    console.log(`| ${runtime.name} | ${versionOf(runtime)} | ${worked} of ${behaviours.length} | ${tests} |`);
  }
}

/** Compares the README's table with what was measured, if Bun and Deno were. */
function checkTable() {
  const shown = ['bun', 'deno'].flatMap((name) => chosen.find((runtime) => runtime.name === name) ?? []);
  if (shown.length < 2) return;
  const lines = [
    `| | ${shown.map((runtime) => `${TITLES[runtime.name]} ${versionOf(runtime)}`).join(' | ')} |`,
    `|---|${'---|'.repeat(shown.length)}`,
    ...behaviours.map((behaviour) => {
      const cells = shown.map(({ name }) =>
        failures.get(name)?.has(behaviour.program) ? `no: ${behaviour.faults?.[name] ?? '?'}` : 'yes',
      );
      return `| ${behaviour.what} | ${cells.join(' | ')} |`;
    }),
  ];
  const path = join(root, 'README.md');
  const readme = readFileSync(path, 'utf8');
  const [begin, end] = ['<!-- runtimes: `npm run test:runtimes -- bun deno --write` -->\n', '<!-- /runtimes -->'];
  const from = readme.indexOf(begin) + begin.length;
  const to = readme.indexOf(end, from);
  if (from < begin.length || to < 0) {
    complaints.push('the README lacks the marks of the table of runtimes');
    return;
  }
  const table = `${lines.join('\n')}\n`;
  if (readme.slice(from, to) === table) return;
  if (values.write) writeFileSync(path, readme.slice(0, from) + table + readme.slice(to));
  else complaints.push('README.md: its table of runtimes is not what was measured (--write writes it)');
}
