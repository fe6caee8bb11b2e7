// Load: a million waiting tasks, 200 services, 1,000 Messengers, 1,000 streams, values of 100 MB, memory over a million
// calls, and what an idle pool burns; each in a process of its own, and each with a check that the cost of one stays flat.
//
//   npm run test:load -- [--small] [--draw] [program…]
//
// `--small` takes seconds and is what CI runs. `--draw` draws the curves into docs/load, by way of bench/.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { machine } from '../../bench/lib/machine.js';
import { machineText } from '../../bench/lib/print.js';

const PROGRAMS = ['queue', 'services', 'messengers', 'streams', 'large', 'memory', 'idle'];
const TIMEOUT_MS = 900_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { small: { type: 'boolean', default: false }, draw: { type: 'boolean', default: false } },
});
const programs = positionals.length > 0 ? positionals : PROGRAMS;

/** @param {string} program */
function run(program) {
  const file = fileURLToPath(new URL(`${program}.js`, import.meta.url));
  const small = values.small ? { NANOLITH_THREADS: '40', NANOLITH_CALLS: '20000' } : {};
  const child = spawn(process.execPath, ['--expose-gc', file, ...(values.small ? ['--small'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...small },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = text.trimEnd().split('\n');
      const report = lines.find((line) => line.startsWith('REPORT '));
      console.log(`\n${lines.filter((line) => line !== report).join('\n')}`);
      const fine = code === 0 && signal === null;
      if (!fine) console.log(`FAULT: ${program}.js ended with exit code ${code}, signal ${signal}`);
      resolve({ fine, scenario: report && JSON.parse(report.slice('REPORT '.length)) });
    });
  });
}

const scenarios = [];
const faults = [];
for (const program of programs) {
  const { fine, scenario } = await run(program);
  if (!fine) faults.push(program);
  if (scenario !== undefined) scenarios.push(scenario);
}
if (values.draw) draw();
console.log(faults.length === 0 ? '\nall of it is flat' : `\nFAULT: ${faults.join(', ')}`);
process.exitCode = faults.length === 0 ? 0 : 1;

function draw() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = `${root}docs/load`;
  mkdirSync(folder, { recursive: true });
  const results = `${folder}/results.json`;
  const where = machine();
  writeFileSync(results, `${JSON.stringify({ machine: where, scenarios }, null, 1)}\n`);
  const drawn = spawnSync(process.execPath, ['scripts/bench.js', 'charts.js', results, '--out', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  if (drawn.status !== 0) throw new Error(`drawing ended with exit code ${drawn.status}`);
  const pictures = scenarios.flatMap(({ name, title, curves }) => [
    `## ${title}`,
    ...curves.map((/** @type {any} */ curve) => `![${curve.title}](${name}-${curve.id}.svg)`),
  ]);
  const head = [
    '# What load costs',
    `${machineText({ ...where, peers: {} })
      .trim()
      .replaceAll('\n', '  \n')}  \n${where.date.slice(0, 10)}`,
    'Made by `npm run test:load -- --draw`, which fails where the cost of one grows with how many there are: a line that ' +
      'stays level costs nothing more.',
  ];
  writeFileSync(`${folder}/README.md`, `${[...head, ...pictures].join('\n\n')}\n`);
}
