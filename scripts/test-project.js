// Runs the tests of a project below __test__/, a folder with a package.json of its own:
//
//   node scripts/test-project.js <folder> [--on <Node>] [--only-names <pattern>]
//
// Installs the project when its lock file has changed since. `--on` names one of the Nodes of runtimes.js; without it, the
// tests run on the Node that runs this.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installProject } from './install-project.js';
import { root } from './platforms.js';
import { environmentOf, running, runtimes } from './runtimes.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { on: { type: 'string' }, 'only-names': { type: 'string' } },
});
const [project, ...filters] = positionals;
const runtime = values.on === undefined ? running : runtimes([values.on])[0];
installProject(`__test__/${project}`);
// A test of these starts whole programs, often several, on machines that may be busy.
const TEST_TIMEOUT_MS = 240_000;
const { status } = spawnSync(
  runtime.binary,
  [
    fileURLToPath(new URL('test.js', import.meta.url)),
    ...['--project', project, '--timeout', String(TEST_TIMEOUT_MS)],
    ...filters,
    ...(values['only-names'] ? ['--only-names', values['only-names']] : []),
  ],
  { cwd: root, stdio: 'inherit', env: runtime === running ? process.env : environmentOf(runtime) },
);
process.exitCode = status ?? 1;
