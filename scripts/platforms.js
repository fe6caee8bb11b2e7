// The platforms that nanolith ships a binary for. One row a platform: everything else (npm/*, the release workflow,
// the names in package.json) is checked against this table by check-platforms.js.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @type {{ triple: string, target: string, os: string, cpu: string, libc?: 'glibc' | 'musl' }[]} */
export const platforms = [
  { triple: 'x86_64-unknown-linux-gnu', target: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc' },
  { triple: 'x86_64-unknown-linux-musl', target: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  { triple: 'aarch64-unknown-linux-gnu', target: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { triple: 'aarch64-unknown-linux-musl', target: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  { triple: 'x86_64-apple-darwin', target: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { triple: 'aarch64-apple-darwin', target: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { triple: 'x86_64-pc-windows-msvc', target: 'win32-x64-msvc', os: 'win32', cpu: 'x64' },
  { triple: 'aarch64-pc-windows-msvc', target: 'win32-arm64-msvc', os: 'win32', cpu: 'arm64' },
];

/** The platform that this process runs on, `undefined` where no binary is shipped for it. */
export function hostPlatform() {
  const libc = process.platform === 'linux' ? (isMusl() ? 'musl' : 'glibc') : undefined;
  return platforms.find((p) => p.os === process.platform && p.cpu === process.arch && p.libc === libc);
}

function isMusl() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header.glibcVersionRuntime === undefined;
}

/** The package that carries a platform's binary. */
export const packageName = (/** @type {string} */ target) => `nanolith-${target}`;

/** The binary's file name inside that package. */
export const binaryName = (/** @type {string} */ target) => `nanolith.${target}.node`;

export const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * The manifest that npm/<target>/package.json must hold.
 * @param {(typeof platforms)[number]} platform
 * @param {{ version: string, engines: { node: string } }} main nanolith's own
 */
export function platformManifest(platform, { version, engines }) {
  return {
    name: packageName(platform.target),
    version,
    description: `The native part of nanolith for ${platform.target}.`,
    license: 'MIT',
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc && { libc: [platform.libc] }),
    main: binaryName(platform.target),
    files: [binaryName(platform.target)],
    engines,
  };
}
