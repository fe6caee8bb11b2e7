// Installs bench/ when its lock file has changed since, then runs one of its programs with the arguments given:
// run.js measures, charts.js draws.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './platforms.js';

const bench = join(root, 'bench');
const lock = join(bench, 'package-lock.json');
const installed = join(bench, 'node_modules', '.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: bench,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
const [program, ...args] = process.argv.slice(2);
// What is measured is what is shipped.
if (program === 'run.js') await import('./bundle.js');
const { status } = spawnSync(process.execPath, [join(bench, program), ...args], { stdio: 'inherit' });
process.exitCode = status ?? 1;
