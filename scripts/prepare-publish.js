// Makes the checkout ready to publish:
//
//   node scripts/prepare-publish.js [--allow-missing]
//
// Rewrites the optionalDependencies of package.json from `file:npm/<target>` to the exact version, and refuses to go
// on unless every platform package has its binary, so that no package is published that another one lacks. The
// release workflow runs it on a throw-away checkout; `git checkout package.json` undoes it.

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { binaryName, packageName, platforms, readJson, root } from './platforms.js';

const { values } = parseArgs({ options: { 'allow-missing': { type: 'boolean' } } });

const path = join(root, 'package.json');
const manifest = readJson(path);
const missing = platforms.filter(({ target }) => {
  const binary = join(root, 'npm', target, binaryName(target));
  return !existsSync(binary) || statSync(binary).size === 0;
});
if (missing.length > 0 && !values['allow-missing']) {
  console.error(`prepare-publish: no binary for ${missing.map((p) => p.target).join(', ')}`);
  process.exit(1);
}

const names = platforms.map((p) => packageName(p.target)).sort();
manifest.optionalDependencies = Object.fromEntries(names.map((name) => [name, manifest.version]));
// Users get a binary: nothing of theirs may ever run the repository's build.
delete manifest.scripts;
delete manifest.devDependencies;
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);

console.log(`prepare-publish: nanolith ${manifest.version} asks for ${names.length} platform packages of that version`);
