// A project is a folder with a package.json and a lock file of its own, so that the root's stay small.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnv } from './pack.js';
import { root } from './platforms.js';

/** Installs a project when its lock file has changed since. @param {string} path below the root */
export function installProject(path) {
  const folder = join(root, path);
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs)
    return;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: plainEnv(),
  });
  if (status !== 0) process.exit(status ?? 1);
}
