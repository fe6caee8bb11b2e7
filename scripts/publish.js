// Publishes what prepare-publish.js has made ready, every platform package first and nanolith itself last:
//
//   node scripts/publish.js [option of npm publish…]
//
// It leaves out what the registry has already: when it stopped halfway, run it again. A version with a hyphen goes to the
// `next` tag.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { platforms, readJson, root } from './platforms.js';

if (readJson(join(root, 'package.json')).scripts !== undefined) {
  fail('this clone is not prepared: node scripts/prepare-publish.js does that');
}

for (const path of [...platforms.map(({ target }) => join('npm', target)), '.']) {
  const folder = join(root, path);
  const { name, version } = readJson(join(folder, 'package.json'));
  if (isPublished(name, version)) {
    console.log(`publish: ${name}@${version} is published already`);
    continue;
  }
  const tag = version.includes('-') ? 'next' : 'latest';
  const options = ['--ignore-scripts', '--tag', tag, ...process.argv.slice(2)];
  const { status, error } = npm(['publish', ...options], { cwd: folder, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) fail(`${name}@${version} was not published`);
  console.log(`publish: ${name}@${version} is published`);
}

/** Whether the registry has a version. What else it answers than yes or no ends the run. */
function isPublished(/** @type {string} */ name, /** @type {string} */ version) {
  const { status, error, stdout, stderr } = npm(['view', `${name}@${version}`, 'version'], { cwd: root });
  if (error) throw error;
  if (status !== 0 && !/\bE404\b/.test(stderr)) fail(`npm view ${name}@${version} ended with ${status}\n${stderr}`);
  return status === 0 && stdout.trim() === version;
}

function npm(/** @type {string[]} */ args, /** @type {import('node:child_process').SpawnSyncOptions} */ options) {
  return spawnSync('npm', args, { ...options, encoding: 'utf8', shell: process.platform === 'win32' });
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`publish: ${message}`);
  process.exit(1);
}
