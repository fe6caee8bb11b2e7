// Builds the addon and puts it where the loader looks in a checkout: npm/<target>/nanolith.<target>.node.
//
//   node scripts/build.js [--release] [--target <triple>]
//
// `npm ci` runs it by the root's `prepare`. The release workflow builds with the napi-rs CLI instead, which knows the
// cross-compilers; both leave the same file at the same place.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { binaryName, hostPlatform, platforms, root } from './platforms.js';

const { values } = parseArgs({ options: { release: { type: 'boolean' }, target: { type: 'string' } } });

const platform = values.target ? platforms.find((p) => p.triple === values.target) : hostPlatform();
if (!platform) {
  fail(
    `no platform package for ${values.target ?? `${process.platform} ${process.arch}`}; ` +
      `there are ${platforms.map((p) => p.triple).join(', ')}`,
  );
}

const library = cargoBuild(platform);
const folder = join(root, 'npm', platform.target);
const binary = join(folder, binaryName(platform.target));
install(library, binary);
console.log(`built ${relative(root, binary)}${values.release ? '' : ' (debug)'}`);

/** Runs cargo and returns the path of the library that it made, wherever the target folder may be. */
function cargoBuild(/** @type {(typeof platforms)[number]} */ { triple, libc }) {
  const args = ['build', '--lib', '--locked', '--message-format=json-render-diagnostics'];
  if (values.release) args.push('--release');
  if (values.target) args.push('--target', triple);

  const env = { ...process.env };
  // A musl target links statically unless told otherwise, and a static library is no addon.
  if (libc === 'musl') env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`.trim();

  const cargo = spawnSync('cargo', args, {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 256 * 1024 * 1024,
  });
  if (cargo.error && 'code' in cargo.error && cargo.error.code === 'ENOENT') {
    fail('cargo was not found. nanolith is built from source in its repository: install Rust (https://rustup.rs)');
  }
  if (cargo.error) throw cargo.error;
  if (cargo.status !== 0) fail(`cargo ${args.join(' ')} ended with ${cargo.signal ?? `code ${cargo.status}`}`);

  const libraries = cargo.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === 'compiler-artifact' && message.target.kind.includes('cdylib'))
    .filter((message) => message.target.name === 'nanolith')
    .flatMap((message) => message.filenames)
    .filter((file) => /\.(so|dylib|dll)$/.test(file));
  if (libraries.length !== 1) fail(`expected one library from cargo, got ${JSON.stringify(libraries)}`);
  return libraries[0];
}

/** Replaces the binary in one step: a process that has the old one loaded keeps it whole. */
function install(/** @type {string} */ from, /** @type {string} */ to) {
  const staged = `${to}.${process.pid}.tmp`;
  mkdirSync(folder, { recursive: true });
  try {
    copyFileSync(from, staged);
    renameSync(staged, to);
  } finally {
    rmSync(staged, { force: true });
  }
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
