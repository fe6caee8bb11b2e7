// Runs the core's unit tests and the addon under what finds faults of memory and of threads:
//
//   npm run test:sanitize [-- part…]
//
// Parts: the names of `parts` below. Each runs if the machine has what it needs and else says what is missing; the table
// at the end says what came of each. For all of it: Linux, the nightly toolchain with `rust-src` and `miri`, gcc (for its
// libasan), and valgrind.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { binaryName, hostPlatform, packageName, root } from './platforms.js';

const target = join(root, 'target', 'sanitize');
const platform = hostPlatform();
if (platform?.libc !== 'glibc') throw new Error('these tools are set up for Linux with glibc');

const CORE = ['--locked', '--no-default-features', '--lib'];
/** What glibc's allocator does: these tools bring their own. */
const OF_GLIBC = ['--skip', 'memory_that_was_freed'];
/** Miri takes minutes for what others do in milliseconds: the loops of several threads are for the other parts. */
const TOO_SLOW_FOR_MIRI = ['stress', 'random_', 'many_', 'threads_agree', 'while_others', 'gives_memory_back'];
/** Test files whose bounds hold with an allocator that never gives memory back. */
const NODE_TESTS = [
  'tasks.test',
  'services.test',
  'warm.test',
  'streams.test',
  'messenger',
  'clusters.test',
  'signal.test',
];

const VALGRIND = ['--error-exitcode=9', '--fair-sched=yes'];

/** @typedef {{ needs: string[], run: () => string | undefined }} Part `run` says what was found, if anything. */

/** @type {Record<string, Part>} */
const parts = {
  'rust-address': {
    needs: ['nightly'],
    run: () =>
      cargo(['test', ...CORE, '--target', platform.triple, '--', ...OF_GLIBC], 'address', {
        RUSTFLAGS: '-Zsanitizer=address',
      }),
  },
  'rust-thread': {
    // Without its own build of the standard library the sanitizer does not see that library's fences.
    needs: ['nightly', 'rust-src'],
    run: () =>
      cargo(['test', ...CORE, '--target', platform.triple, '-Zbuild-std', '--', ...OF_GLIBC], 'thread', {
        RUSTFLAGS: '-Zsanitizer=thread',
      }),
  },
  'rust-miri': {
    needs: ['nightly', 'rust-src', 'miri'],
    run: () =>
      cargo(
        ['miri', 'test', ...CORE, '--', ...OF_GLIBC, ...TOO_SLOW_FOR_MIRI.flatMap((word) => ['--skip', word])],
        'miri',
        {
          // The number of processors is read from files; parking_lot makes pointers of integers.
          MIRIFLAGS: '-Zmiri-disable-isolation -Zmiri-permissive-provenance',
        },
      ),
  },
  'rust-valgrind': {
    needs: ['valgrind'],
    run: () => {
      const tests = artifact(['test', ...CORE, '--no-run'], 'valgrind', (message) => message.executable);
      return run('valgrind', [
        ...VALGRIND,
        '--leak-check=full',
        '--errors-for-leak-kinds=definite',
        tests,
        ...OF_GLIBC,
      ]);
    },
  },
  'node-address': {
    needs: ['nightly', 'libasan'],
    run: () => {
      const library = artifact(
        ['+nightly', 'build', '--locked', '--lib', '--target', platform.triple],
        'address',
        (message) => message.filenames.find((/** @type {string} */ file) => file.endsWith('.so')),
        { RUSTFLAGS: '-Zsanitizer=address' },
      );
      const copy = stage('address', library);
      // Threads and child processes report to files of their own. What Node itself leaks at its exit is not looked at.
      const reports = join(copy, 'report');
      const failure = run(process.execPath, [join(copy, 'scripts', 'test.js'), ...NODE_TESTS], {
        LD_PRELOAD: libasan(),
        ASAN_OPTIONS: `detect_leaks=0:allow_user_segv_handler=1:log_path=${reports}`,
      });
      const found = readdirSync(copy).filter((file) => file.startsWith('report'));
      return found.length > 0 ? `reports: ${found.map((file) => join(copy, file)).join(', ')}` : failure;
    },
  },
  'node-valgrind': {
    needs: ['valgrind'],
    run: () => {
      const library = artifact(['build', '--locked', '--lib'], 'valgrind', (message) =>
        message.filenames.find((/** @type {string} */ file) => file.endsWith('.so')),
      );
      const copy = stage('valgrind', library);
      const log = join(copy, 'report');
      const node = [process.execPath, '--single-threaded-gc', join(copy, '__test__', 'sanitize', 'smoke.js')];
      const failure = run('valgrind', [
        ...VALGRIND,
        // V8 writes code where it has run other code before.
        '--smc-check=all-non-file',
        '--leak-check=full',
        '--errors-for-leak-kinds=none',
        `--log-file=${log}`,
        ...node,
      ]);
      // Node has leaks of its own; ours have a frame of the addon.
      const records = readFileSync(log, 'utf8').split(/^==\d+== \n/m);
      const ours = records.filter((record) => /definitely lost in/.test(record) && record.includes('nanolith'));
      if (ours.length > 0) console.log(ours.join('\n'));
      return failure ?? (ours.length > 0 ? `${ours.length} leaks with a frame of the addon, printed above` : undefined);
    },
  },
};

/** What a machine may lack, each with the question whether it is there. @type {Record<string, () => boolean>} */
const tools = {
  nightly: () => answers('rustc', ['+nightly', '--version']),
  'rust-src': () => existsSync(join(sysroot(), 'lib', 'rustlib', 'src', 'rust', 'library')),
  miri: () => answers('cargo', ['+nightly', 'miri', '--version']),
  valgrind: () => answers('valgrind', ['--version']),
  libasan: () => existsSync(libasan()),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0)
  throw new RangeError(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);

/** @type {Record<string, string>} */
const outcome = {};
for (const [name, { needs, run }] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const missing = needs.filter((tool) => !tools[tool]());
  if (missing.length > 0) {
    outcome[name] = `not run: no ${missing.join(', ')}`;
    continue;
  }
  console.log(`\n=== ${name}`);
  const found = run();
  outcome[name] = found ?? 'nothing found';
  if (found !== undefined) process.exitCode = 1;
}
console.table(outcome);

/**
 * @param {string} command @param {string[]} args @param {Record<string, string>} [env]
 * @returns {string | undefined} how it failed
 */
function run(command, args, env) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  return status === 0 ? undefined : `${basename(command)} ended with ${signal ?? `code ${status}`}`;
}

/** @param {string[]} args @param {string} folder @param {Record<string, string>} env */
function cargo(args, folder, env) {
  const rest = args.includes('--') ? args.splice(args.indexOf('--')) : [];
  return run('cargo', ['+nightly', ...args, '--target-dir', join(target, folder), ...rest], env);
}

/**
 * Builds, and returns the file that was wanted.
 * @param {string[]} args @param {string} folder
 * @param {(message: any) => string | undefined | null} pick from cargo's message about this crate
 * @param {Record<string, string>} [env]
 * @returns {string}
 */
function artifact(args, folder, pick, env) {
  const { status, stdout } = spawnSync(
    'cargo',
    [...args, '--target-dir', join(target, folder), '--message-format=json-render-diagnostics'],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 2 ** 28,
      env: { ...process.env, ...env },
    },
  );
  const messages = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const made = messages.filter(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'nanolith');
  const file = made.map(pick).find((found) => found);
  if (status !== 0 || !file) throw new Error(`cargo ${args.join(' ')} made nothing (code ${status})`);
  return file;
}

/** A copy of the sources and tests with this addon, so that the checkout keeps its own. @param {string} name @param {string} library */
function stage(name, library) {
  const { target: host } = /** @type {NonNullable<typeof platform>} */ (platform);
  const copy = join(target, `${name}-checkout`);
  rmSync(copy, { recursive: true, force: true });
  const addon = join(copy, 'npm', host);
  mkdirSync(addon, { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  const filter = (/** @type {string} */ file) => basename(file) !== 'node_modules';
  for (const entry of ['lib', '__test__', 'scripts', 'index.js', 'package.json']) {
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter });
  }
  cpSync(join(root, 'npm', host, 'package.json'), join(addon, 'package.json'));
  cpSync(library, join(addon, binaryName(host)));
  symlinkSync(addon, join(copy, 'node_modules', packageName(host)));
  return copy;
}

function libasan() {
  return spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function sysroot() {
  return spawnSync('rustc', ['+nightly', '--print', 'sysroot'], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

/** @param {string} command @param {string[]} args */
function answers(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
