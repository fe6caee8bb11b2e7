// Runs the models of the core's hand-offs (`src/core/models`): `npm run test:loom -- [words of the tests' names]`.
// `LOOM_MAX_PREEMPTIONS` widens the search.

import { spawnSync } from 'node:child_process';
import { root } from './platforms.js';

const flags = [process.env.RUSTFLAGS, '--cfg loom'].filter(Boolean).join(' ');
const command = ['test', '--locked', '--no-default-features', '--profile', 'model', '--lib', '--'];
const { status, error } = spawnSync('cargo', [...command, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, RUSTFLAGS: flags },
});
if (error) throw error;
process.exitCode = status ?? 1;
