// Packs what would be published, nanolith and the platform packages as prepare-publish.js rewrites them, in a copy: the
// work tree stays as it is. The tests of installation, test runners and bundlers use what is shipped this way.
//
//   node scripts/pack.js <folder>

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryName, hostPlatform, readJson, root } from './platforms.js';

/** @typedef {{ name: string, version: string, tarball: string, size: number, unpackedSize: number, files: string[] }} Packed */

/**
 * Makes the tarballs of nanolith and of this machine's platform package, in a folder of their own, of a prepared tree that
 * has all packages (this machine's with its binary, the others with what the work tree holds).
 * @param {string} folder a new one
 */
export function pack(folder) {
  const host = hostPlatform();
  if (!host || !existsSync(join(root, 'npm', host.target, binaryName(host.target)))) {
    throw new Error('the addon is not built; `npm ci` or `npm run build` builds it');
  }
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'scripts'), { recursive: true });
  for (const path of ['package.json', 'index.d.ts', 'README.md', 'LICENSE', 'npm']) {
    cpSync(join(root, path), join(tree, path), { recursive: true });
  }
  for (const path of ['platforms.js', 'prepare-publish.js', 'publish.js']) {
    cpSync(join(root, 'scripts', path), join(tree, 'scripts', path));
  }
  run(process.execPath, [join(root, 'scripts', 'bundle.js'), '--out', join(tree, 'dist')], root);
  run(process.execPath, [join(tree, 'scripts', 'prepare-publish.js'), '--allow-missing'], tree);

  /** @param {string} path @returns {Packed} */
  const packOne = (path) => {
    const said = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], path);
    const { name, version } = readJson(join(path, 'package.json'));
    const parsed = JSON.parse(said);
    // A list up to npm 11, an object by name after it.
    const { filename, size, unpackedSize, files } = Array.isArray(parsed) ? parsed[0] : Object.values(parsed)[0];
    const paths = files.map((/** @type {{ path: string }} */ file) => file.path);
    return { name, version, tarball: join(folder, filename), size, unpackedSize, files: paths };
  };
  return {
    tree,
    host: { ...host, folder: join(tree, 'npm', host.target) },
    main: packOne(tree),
    platform: packOne(join(tree, 'npm', host.target)),
  };
}

/**
 * Puts the packed packages where `npm install` would put them.
 * @param {ReturnType<typeof pack>} packed
 * @param {string} project
 */
export function unpackInto(project, /** @type {ReturnType<typeof pack>} */ { main, platform }) {
  for (const { name, tarball } of [main, platform]) {
    const folder = join(project, 'node_modules', name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run('tar', ['-xzf', tarball, '--strip-components=1'], folder);
  }
}

/**
 * The environment without what `npm run` adds for its own scripts: an npm below it would take it for its settings.
 * @returns {NodeJS.ProcessEnv}
 */
export function plainEnv() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_TEST_CONTEXT$)/i.test(name)),
  );
}

/** Runs a program to its end and returns what it printed; throws with all it said when it failed. */
function run(/** @type {string} */ program, /** @type {string[]} */ args, /** @type {string} */ cwd) {
  const shell = process.platform === 'win32' && program === 'npm';
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', shell, env: plainEnv() });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

/** A size for people. */
export const kilobytes = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`;

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error('usage: node scripts/pack.js <folder>');
  const { main, platform } = pack(resolve(folder));
  for (const { name, tarball, size, unpackedSize, files } of [main, platform]) {
    console.log(
      `${name}: ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${files.length} files: ${tarball}`,
    );
  }
}
