// Loads the native part: the platform package that npm installed, or the one built in this repository.

import { createRequire } from 'node:module';

import { PlatformError } from './errors.js';

const require = createRequire(import.meta.url);

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
  /** @type {unknown[]} */
  const causes = [];
  for (const target of targets()) {
    for (const from of [`nanolith-${target}`, `../npm/${target}/nanolith.${target}.node`]) {
      try {
        return require(from);
      } catch (cause) {
        causes.push(cause);
      }
    }
  }
  const packages = targets().map((target) => `nanolith-${target}`);
  throw new PlatformError(
    `No native binary for this platform: ${packages.join(' or ')} could not be loaded, nor a local build. Install it ` +
      '(npm leaves it out with --omit=optional, or when the lock file came from another platform), or build it with ' +
      'Rust: npm ci in a clone of the repository.',
    { cause: new AggregateError(causes, 'What loading them said') },
  );
}

export const native = load();
