// Runs the tests of a project below __test__/, a folder with a package.json of its own:
//
//   node scripts/test-project.js <folder> [--only-names <pattern>]
//
// Installs the project when its lock file has changed since.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installProject } from './install-project.js';
import { root } from './platforms.js';

const [project, ...rest] = process.argv.slice(2);
installProject(`__test__/${project}`);
// A test of these starts whole programs, often several, on machines that may be busy.
const TEST_TIMEOUT_MS = 240_000;
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('test.js', import.meta.url)),
    ...['--project', project, '--timeout', String(TEST_TIMEOUT_MS)],
    ...rest,
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
