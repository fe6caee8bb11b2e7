// Installs bench/ when its lock file has changed since, then runs it with the arguments given.

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
// What is measured is what is shipped.
await import('./bundle.js');
const { status } = spawnSync(process.execPath, [join(bench, 'run.js'), ...process.argv.slice(2)], {
  cwd: bench,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
