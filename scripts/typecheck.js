// Checks lib/ against index.d.ts, then every TypeScript project below __test__/types (accepted and refused uses).

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './platforms.js';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const types = join('__test__', 'types');
const projects = [
  'tsconfig.json',
  ...(existsSync(join(root, types))
    ? readdirSync(join(root, types))
        .filter((file) => /^tsconfig.*\.json$/.test(file))
        .sort()
        .map((file) => join(types, file))
    : []),
];

for (const project of projects) {
  const { status } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', project], { cwd: root, stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${project}`);
  if (status !== 0) process.exitCode = 1;
}
