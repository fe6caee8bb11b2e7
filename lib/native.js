// Loads the native part: the platform package that npm installed, or the one built in this repository.

// Before anything else: outside of its package, nothing of what follows can be right.
import './place.js';

import { createRequire } from 'node:module';

import { PlatformError } from './errors.js';

const require = createRequire(import.meta.url);

/** What there are packages for; `scripts/check-platforms.js` compares it with its table. */
const SHIPPED = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
];

/**
 * The names of the binaries that may fit this platform, as napi-rs counts them. Which C library a Linux has takes Node
 * 10 ms to tell; npm installs only the one that fits, and the other does not load.
 */
function targets() {
  const { platform, arch } = process;
  if (platform === 'linux') return [`linux-${arch}-gnu`, `linux-${arch}-musl`];
  if (platform === 'win32') return [`win32-${arch}-msvc`];
  return [`${platform}-${arch}`];
}

function load() {
  /** @type {Map<string, unknown>} */
  const causes = new Map();
  for (const target of targets()) {
    for (const from of [`nanolith-${target}`, `../npm/${target}/nanolith.${target}.node`]) {
      try {
        return require(from);
      } catch (cause) {
        causes.set(from, cause);
      }
    }
  }
  throw new PlatformError(explain(causes), {
    cause: new AggregateError(causes.values(), 'What loading the candidates said'),
  });
}

/**
 * What is wrong, and what to do about it.
 * @param {Map<string, unknown>} causes by what was tried
 */
function explain(causes) {
  const target = exactTarget();
  const name = `nanolith-${target}`;
  if (!SHIPPED.includes(target)) {
    return (
      `nanolith has no native binary for ${target}; it has some for ${SHIPPED.join(', ')}. With Rust it may build for ` +
      'others: CONTRIBUTING.md in its repository says how.'
    );
  }
  const build = `To build it, with Rust: npm ci in a clone of nanolith's repository, then npm install <the clone>/npm/${target} here.`;
  const cause = /** @type {NodeJS.ErrnoException | undefined} */ (causes.get(name));
  if (cause?.code !== 'MODULE_NOT_FOUND') {
    return `The native part of nanolith, the package ${name}, does not load here: ${cause?.message}. ${build}`;
  }
  return (
    `The native part of nanolith is missing: the package ${name} is not installed. npm leaves it out with ` +
    '--omit=optional, and where node_modules or the lock file were made on another platform: remove both and install ' +
    `again, or add it by itself: npm install ${name}${version()}. ${build}`
  );
}

/** The one target that fits, its C library included. */
function exactTarget() {
  if (process.platform !== 'linux') return targets()[0];
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return `linux-${process.arch}-${report.header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}

/** Which version the platform package must have, as npm writes it. */
function version() {
  try {
    return `@${require('../package.json').version}`;
  } catch {
    return ''; // Without the manifest, the newest is as good a guess as any.
  }
}

export const native = load();
