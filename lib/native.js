// Loads the native part: the platform package that npm installed, or the one built in this repository.

import { createRequire } from 'node:module';
import process from 'node:process';

import { PlatformError } from './errors.js';

const require = createRequire(import.meta.url);

/** The name of this platform's binary, as napi-rs counts them: `linux-x64-gnu`, `darwin-arm64`, … */
function target() {
  const { platform, arch } = process;
  if (platform === 'linux') return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

function isMusl() {
  const { report } = process;
  if (report === undefined) return false;
  report.excludeNetwork = true;
  // biome-ignore lint/suspicious/noExplicitAny: Node types the report as a plain object.
  const { header } = /** @type {any} */ (report.getReport());
  return header.glibcVersionRuntime === undefined;
}

function load() {
  const name = target();
  /** @type {unknown[]} */
  const causes = [];
  for (const from of [`nanolith-${name}`, `../npm/${name}/nanolith.${name}.node`]) {
    try {
      return require(from);
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new PlatformError(
    `No native binary for ${name}: neither the package nanolith-${name} nor a local build could be loaded. ` +
      `Install nanolith-${name} (npm leaves it out with --omit=optional, or when the lock file came from another ` +
      `platform), or build it with Rust: npm ci && npm run build in a clone of the repository.`,
    { cause: new AggregateError(causes, 'What loading them said') },
  );
}

export const native = load();
