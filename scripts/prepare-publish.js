// Makes the checkout ready to publish:
//
//   node scripts/prepare-publish.js [--allow-missing]
//
// Rewrites the optionalDependencies of package.json from `file:npm/<target>` to the exact version, names the repository
// in every package (npm's provenance compares it with where the workflow ran), and gives each the license. It refuses to
// go on unless dist/ is there and every platform package has its binary, so that nothing is published that another one
// lacks. The release workflow runs it on a throw-away checkout; `git checkout package.json npm` undoes it.

import { copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { binaryName, packageName, platforms, readJson, root } from './platforms.js';

const { values } = parseArgs({ options: { 'allow-missing': { type: 'boolean' } } });

const path = join(root, 'package.json');
const manifest = readJson(path);
if (!existsSync(join(root, manifest.main))) fail(`no ${manifest.main}: npm run bundle makes it`);

const missing = platforms.filter(({ target }) => {
  const binary = join(root, 'npm', target, binaryName(target));
  return !existsSync(binary) || statSync(binary).size === 0;
});
if (missing.length > 0 && !values['allow-missing']) fail(`no binary for ${missing.map((p) => p.target).join(', ')}`);

const { GITHUB_SERVER_URL = 'https://github.com', GITHUB_REPOSITORY } = process.env;
const repository = GITHUB_REPOSITORY && { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` };

for (const { target } of platforms) {
  const folder = join(root, 'npm', target);
  const platform = readJson(join(folder, 'package.json'));
  if (repository) platform.repository = { ...repository, directory: `npm/${target}` };
  write(join(folder, 'package.json'), platform);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

const names = platforms.map((p) => packageName(p.target)).sort();
manifest.optionalDependencies = Object.fromEntries(names.map((name) => [name, manifest.version]));
if (repository) manifest.repository = repository;
// Users get a binary: nothing of theirs may ever run the repository's build.
delete manifest.scripts;
delete manifest.devDependencies;
write(path, manifest);

console.log(`prepare-publish: nanolith ${manifest.version} asks for ${names.length} platform packages of that version`);

function write(/** @type {string} */ path, /** @type {object} */ json) {
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`);
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`prepare-publish: ${message}`);
  process.exit(1);
}
