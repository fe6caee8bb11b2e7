// Runs the tests with Node's own runner, which takes no globs before Node 21:
//
//   node scripts/test.js [filter…] [--only-names <pattern>] [--timeout <ms>] [--project <folder>]
//
// A filter is a part of a path below __test__/ (`lifecycle`, `pool.test`). Fails when no test ran. A folder below __test__/
// with a package.json of its own is a project: its tests need what it installs, and run by `--project` only, which
// test-project.js calls.
//
// A test may take 60 s. Node 20 knows a timeout for whole files only, and a watchdog preloaded with `--import` would
// reach every thread and turn off nanolith's spares; so each file runs through a small file that loads both. What
// blocks its main thread for good is ended by the timeout of its file.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { binaryName, hostPlatform, root } from './platforms.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'only-names': { type: 'string' },
    project: { type: 'string' },
    timeout: { type: 'string', default: '60000' },
  },
});

const platform = hostPlatform();
if (platform && !existsSync(join(root, 'npm', platform.target, binaryName(platform.target)))) {
  console.error('test: the addon is not built; `npm ci` or `npm run build` builds it');
  process.exit(1);
}

const files = readdirSync(join(root, '__test__'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.test\.[cm]?js$/.test(file))
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => projectOf(file) === values.project)
  .filter((file) => positionals.length === 0 || positionals.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) {
  console.error(`test: no file below __test__/ matches ${positionals.join(', ') || '*.test.js'}`);
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'nanolith-test-'));
const countFile = join(scratch, 'count');
const watchdog = new URL('test-watchdog.js', import.meta.url).href;
const FILE_TIMEOUT_MS = 600_000;
const countReporter = fileURLToPath(new URL('count-reporter.js', import.meta.url));

try {
  const { status, signal } = spawnSync(
    process.execPath,
    [
      ...process.execArgv,
      '--test',
      `--test-timeout=${FILE_TIMEOUT_MS}`,
      ...(values['only-names'] ? [`--test-name-pattern=${values['only-names']}`] : []),
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${countReporter}`,
      `--test-reporter-destination=${countFile}`,
      ...files.map(withWatchdog),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, NANOLITH_TEST_TIMEOUT_MS: values.timeout } },
  );

  const count = Number(existsSync(countFile) ? readFileSync(countFile, 'utf8') : 0);
  if (!(count > 0)) console.error('test: no test was executed');
  process.exitCode = signal !== null || status !== 0 ? status || 1 : count > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The project that a test file belongs to, with what lies in folders below that left to the project itself. */
function projectOf(/** @type {string} */ file) {
  const [folder, ...rest] = file.split('/');
  if (rest.length === 0 || !existsSync(join(root, '__test__', folder, 'package.json'))) return undefined;
  return rest.length === 1 ? folder : null;
}

/** Writes the file that loads the watchdog and then the test file; returns its path. */
function withWatchdog(/** @type {string} */ file) {
  const wrapper = join(scratch, file.replaceAll('/', '_').replace(/\.[cm]?js$/, '.mjs'));
  const url = pathToFileURL(join(root, '__test__', file)).href;
  writeFileSync(wrapper, `import ${JSON.stringify(watchdog)};\nawait import(${JSON.stringify(url)});\n`);
  return wrapper;
}
