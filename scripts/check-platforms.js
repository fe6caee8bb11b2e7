// Checks that npm/*, package.json and Cargo.toml agree with the table in platforms.js; `--write` makes them agree.

import { deepStrictEqual } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageName, platformManifest, platforms, readJson, root } from './platforms.js';

const write = process.argv.includes('--write');
const manifest = readJson(join(root, 'package.json'));
const { version } = manifest;

for (const platform of platforms) {
  const path = join(root, 'npm', platform.target, 'package.json');
  const expected = platformManifest(platform, manifest);
  if (write) {
    mkdirSync(join(root, 'npm', platform.target), { recursive: true });
    writeFileSync(path, `${JSON.stringify(expected, null, 2)}\n`);
  }
  deepStrictEqual(readJson(path), expected, `npm/${platform.target}/package.json differs from scripts/platforms.js`);
  if (!existsSync(join(root, 'npm', platform.target, 'README.md'))) {
    if (!write) throw new Error(`npm/${platform.target}/README.md is missing`);
    writeFileSync(
      join(root, 'npm', platform.target, 'README.md'),
      `# ${packageName(platform.target)}\n\nThe native part of [nanolith](https://www.npmjs.com/package/nanolith) for ${platform.target}. Install \`nanolith\`, not this.\n`,
    );
  }
}

const targets = platforms.map((p) => p.target).sort();
deepStrictEqual(readdirSync(join(root, 'npm')).sort(), targets, 'npm/ has other folders than the table has rows');
deepStrictEqual(
  manifest.optionalDependencies,
  Object.fromEntries(targets.map((target) => [packageName(target), `file:npm/${target}`])),
  'optionalDependencies of package.json differ from scripts/platforms.js',
);
deepStrictEqual(
  manifest.napi.targets,
  platforms.map((p) => p.triple),
  'napi.targets of package.json differ from scripts/platforms.js',
);

const loader = readFileSync(join(root, 'lib', 'native.js'), 'utf8');
const shipped = /const SHIPPED = \[([^\]]*)\]/.exec(loader)?.[1] ?? '';
deepStrictEqual(
  [...shipped.matchAll(/'([^']+)'/g)].map(([, target]) => target),
  platforms.map((p) => p.target),
  'SHIPPED of lib/native.js differs from scripts/platforms.js',
);

const crate = /^version = "(.+)"$/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))?.[1];
deepStrictEqual(crate, version, 'Cargo.toml and package.json name different versions');

console.log(`platforms: ${platforms.length} packages agree on version ${version}`);
