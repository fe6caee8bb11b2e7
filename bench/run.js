// npm run bench [-- [scenario…] [--list] [--quick] [--rounds n] [--only contestant,…]]
//
// Runs each scenario in a process of its own, prints its tables, and writes everything to results/<date>.json. What a
// full run measured is drawn into docs/bench/, anything less beside its results. --quick is for finding out whether the
// scenarios run, not for figures to believe.

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { draw } from './lib/charts/draw.js';
import { machine } from './lib/machine.js';
import { machineText, scenarioText } from './lib/print.js';
import { verdicts } from './lib/verdicts.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
});

const names = readdirSync(join(here, 'scenarios'))
  .map((file) => file.replace(/\.js$/, ''))
  .sort();
if (values.list) {
  for (const name of names) {
    const { title } = await import(`./scenarios/${name}.js`);
    console.log(`${name.padEnd(20)} ${title}`);
  }
  process.exit(0);
}
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no scenario ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`bench: --rounds takes a positive whole number, not "${values.rounds}"`);
  process.exit(2);
}

const report = { machine: machine(), options: values, scenarios: [] };
console.log(machineText(report.machine));
for (const name of positionals.length > 0 ? positionals : names) {
  const scenario = await import(`./scenarios/${name}.js`);
  if (scenario.nested) {
    // A scenario of scenarios: the same ones under another command (on one CPU, say).
    for (const inner of scenario.nested) {
      const result = await runScenario(inner, { only: scenario.only, command: scenario.command });
      add({ ...result, name: `${name}/${inner}`, title: `${scenario.title}: ${result.title}` }, scenario.targets);
    }
  } else add(await runScenario(name, { only: values.only?.split(',') }));
}

const folder = join(here, 'results');
mkdirSync(folder, { recursive: true });
const run = report.machine.date.replace(/[:.]/g, '-');
writeFileSync(join(folder, `${run}.json`), `${JSON.stringify(report, null, 2)}\n`);
const all = report.scenarios.flatMap(({ figures }) => figures.flatMap(verdicts));
if (all.length > 0) console.log(`\n${all.filter(({ met }) => met).length} of ${all.length} targets met.`);
console.log(`Written to bench/results/${run}.json`);
const full = positionals.length === 0 && !values.quick && !values.only && rounds === undefined;
const pictures = full ? join(here, '..', 'docs', 'bench') : join(folder, run);
await draw(report, pictures);
console.log(`Drawn into ${relative(join(here, '..'), pictures)}/`);
process.exitCode = report.scenarios.some(({ failure }) => failure) ? 1 : 0;

function add(result, targets) {
  // Memory is shown, not raced for.
  if (targets) for (const figure of result.figures) figure.targets = figure.unit === 'MiB' ? [] : targets;
  report.scenarios.push(result);
  console.log(`\n## ${result.title}\n\n${scenarioText(result)}`);
}

function runScenario(name, { only, command = [] }) {
  const [program, ...args] = [
    ...command,
    process.execPath,
    join(here, 'lib', 'scenario-process.js'),
    JSON.stringify({ name, quick: values.quick, only, rounds }),
  ];
  process.stderr.write(`${name} …\n`);
  return new Promise((resolve) => {
    let result = { name, title: name, figures: [], failure: 'the scenario sent no result' };
    const child = spawn(program, args, { cwd: here, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message) => {
      result = message;
    });
    child.on('error', (error) => {
      result.failure = error.message;
    });
    child.on('close', (code, signal) => {
      if (code !== 0) result.failure ??= `ended with ${signal ?? `code ${code}`}`;
      resolve(result);
    });
  });
}
