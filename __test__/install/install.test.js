// What a user's first minutes are: the packages as they would be published, in a registry of our own on loopback, and
// `npm install nanolith` in an empty folder on a machine without Rust.

import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import semver from 'semver';

import { kilobytes, pack, plainEnv } from '../../scripts/pack.js';
import { binaryName, packageName, platforms, readJson, root } from '../../scripts/platforms.js';

const run = promisify(execFile);
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'nanolith-install-')));
const project = join(scratch, 'project');
const fixtures = fileURLToPath(new URL('project', import.meta.url));

/** @type {ReturnType<typeof pack>} */
let packed;
/** @type {import('node:child_process').ChildProcess} */
let registry;
/** @type {NodeJS.ProcessEnv} */
let env;
/** What publish.js said. @type {string[] | null} */
let published;

/** npm as a user has it, whose only registry is ours. @param {string} cwd @param {string[]} args */
const npm = (cwd, ...args) => run(process.execPath, [npmCli(), ...args], { cwd, env });

/** What publish.js says that it did. A release candidate too is what `npm install nanolith` brings here. */
async function publish(more = {}) {
  const args = [join(packed.tree, 'scripts', 'publish.js'), '--tag', 'latest'];
  const { stdout } = await run(process.execPath, args, { env: { ...env, PATH: process.env.PATH, ...more } });
  return stdout.match(/(?<=^publish: ).*/gm);
}

/** Runs a file of the project. @param {string[]} args */
const node = (...args) => run(process.execPath, args, { cwd: project, env });

/** The error that importing the package in a fresh process throws. @param {string} [first] code that runs before it */
async function importError(first = '') {
  const code = `${first}; import('nanolith').then(
    () => console.log('{}'),
    ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })));`;
  return JSON.parse((await node('-e', code)).stdout);
}

before(
  async () => {
    mkdirSync(project);
    packed = pack(join(scratch, 'packed'));
    registry = fork(fileURLToPath(new URL('registry.js', import.meta.url)), [join(scratch, 'storage')], {
      env: plainEnv(),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const { url } = await new Promise((resolve, reject) => {
      registry.once('message', resolve);
      registry.once('exit', (code) => reject(new Error(`the registry ended with ${code}`)));
    });

    // A PATH with Node and nothing else: no compiler, no Rust.
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    writeFileSync(join(scratch, 'npmrc'), `registry=${url}\n${url.slice('http:'.length)}:_authToken=anyone\n`);
    env = {
      ...plainEnv(),
      PATH: bin,
      HOME: scratch,
      npm_config_userconfig: join(scratch, 'npmrc'),
      npm_config_cache: join(scratch, 'cache'),
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    };
    // As a release does it, when an earlier run came no further than this package.
    await npm(packed.host.folder, 'publish', '--ignore-scripts', '--tag', 'latest');
    published = await publish();
    // What a TypeScript project has beside it.
    for (const name of ['undici-types', '@types/node']) {
      const { stdout } = await npm(scratch, 'pack', join(root, 'node_modules', name), '--silent');
      await npm(scratch, 'publish', stdout.trim(), '--ignore-scripts');
    }

    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
    cpSync(fixtures, project, { recursive: true });
  },
  { timeout: 240_000 },
);

after(async () => {
  if (registry && registry.exitCode === null) {
    const ended = new Promise((resolve) => registry.once('exit', resolve));
    registry.kill();
    await ended;
  }
  rmSync(scratch, { recursive: true, force: true });
});

test('the tarballs hold what users need, and nothing else', (t) => {
  const { main, platform, host } = packed;
  assert.deepEqual([...main.files].sort(), [
    'LICENSE',
    'README.md',
    'dist/index.js',
    'dist/nanolith.cjs',
    'dist/probe.ts',
    'dist/thread/entry.cjs',
    'index.d.ts',
    'package.json',
  ]);
  assert.deepEqual([...platform.files].sort(), ['LICENSE', 'README.md', binaryName(host.target), 'package.json']);
  for (const { name, size, unpackedSize } of [main, platform]) {
    t.diagnostic(`${name}: ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`);
  }
  assert.ok(main.size < 100_000, 'nanolith itself is below 100 kB');
  assert.ok(platform.size < 1_000_000, 'the binary is below 1 MB');
});

test('CONTRIBUTING.md gives the sizes of today', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const given = /What is shipped: nanolith in about (\d+) kB \((\d+) kB unpacked\)/.exec(text);
  assert.ok(given, 'it gives them');
  const measured = [packed.main.size, packed.main.unpackedSize].map((bytes) => bytes / 1000);
  // Within a twentieth: it says "about".
  const off = measured.filter((size, index) => Math.abs(size - Number(given[index + 1])) > size / 20);
  assert.deepEqual(off, [], `it says: ${given[0]}`);
});

test('the manifests run nothing and name exact versions', () => {
  const { main, platform } = packed;
  const manifests = [packed.tree, packed.host.folder].map((folder) => readJson(join(folder, 'package.json')));
  for (const manifest of manifests) assert.equal(manifest.scripts, undefined);
  assert.equal(manifests[0].devDependencies, undefined);
  assert.equal(manifests[0].dependencies, undefined);
  const names = platforms.map(({ target }) => packageName(target)).sort();
  assert.deepEqual(manifests[0].optionalDependencies, Object.fromEntries(names.map((name) => [name, main.version])));
  assert.equal(platform.version, main.version);
});

test('the manifests ask for a Node that has process.getBuiltinModule', () => {
  const folders = [packed.tree, ...platforms.map(({ target }) => join(packed.tree, 'npm', target))];
  for (const { name, engines } of folders.map((folder) => readJson(join(folder, 'package.json')))) {
    const wanted = ['20.15.1', '20.16.0', '21.7.3', '22.2.0', '22.3.0', '23.0.0', '24.0.0'].filter((version) =>
      semver.satisfies(version, engines.node),
    );
    assert.deepEqual(wanted, ['20.16.0', '22.3.0', '23.0.0', '24.0.0'], name);
  }
});

test('all packages are published, nanolith last, and none that was published before', async () => {
  const { main, platform } = packed;
  const names = [...platforms.map(({ target }) => packageName(target)), main.name];
  assert.deepEqual(
    published,
    names.map((name) => `${name}@${main.version} is published${name === platform.name ? ' already' : ''}`),
  );
  assert.deepEqual(
    await publish(),
    names.map((name) => `${name}@${main.version} is published already`),
  );
});

test('a registry that does not answer is not one that has nothing', async () => {
  const nobody = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' };
  await assert.rejects(publish(nobody), /publish: npm view \S+ ended with 1\n.*ECONNREFUSED/s);
});

test('a clone that is not prepared is not published, neither by npm nor by publish.js', async () => {
  const clone = join(scratch, 'clone');
  for (const path of ['package.json', 'scripts']) cpSync(join(root, path), join(clone, path), { recursive: true });
  const options = { cwd: clone, env: { ...env, PATH: process.env.PATH } };
  await assert.rejects(run(process.execPath, [npmCli(), 'publish', '--tag', 'clone'], options), {
    stderr: /^publish: a clone is not what is shipped, so nothing was published\.[^>]*prepare-publish\.js/m,
  });
  await assert.rejects(run(process.execPath, ['scripts/publish.js'], options), {
    stderr: 'publish: this clone is not prepared: node scripts/prepare-publish.js does that\n',
  });
});

describe('npm install nanolith', { concurrency: false }, () => {
  test('brings the package and the binary of this platform, and runs no script', async () => {
    await assert.rejects(run('cargo', ['--version'], { env }), { code: 'ENOENT' });
    const { stdout } = await npm(project, 'install', 'nanolith', '--foreground-scripts');
    assert.match(stdout, /^\s*added 2 packages/);
    assert.doesNotMatch(stdout, /^> /m, 'npm shows each script that it runs');
    const { main, platform } = packed;
    for (const { name, files } of [main, platform]) {
      const folder = join(project, 'node_modules', name);
      const arrived = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
        .map((path) => path.replaceAll('\\', '/'));
      assert.deepEqual(arrived.sort(), [...files].sort());
    }
    assert.deepEqual(
      readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
      [main.name, platform.name],
    );
    const { packages } = readJson(join(project, 'package-lock.json'));
    assert.equal(Object.keys(packages).length, 2 + platforms.length, 'the lock file holds for every platform');
    for (const [name, { hasInstallScript }] of Object.entries(packages)) assert.ok(!hasInstallScript, name);
  });

  test('an ES module uses tasks, services, clusters, messengers and streams', async () => {
    const { stdout, stderr } = await node('main.js');
    assert.deepEqual(JSON.parse(stdout), {
      sum: 5,
      warm: 42,
      error: [true, 'too far'],
      echo: 'heard you',
      bytes: 3,
      news: 'hello',
      cluster: 2,
    });
    assert.equal(stderr, '');
  });

  test('CommonJS requires it where the runtime can require ES modules', async () => {
    if (!canRequire()) {
      await assert.rejects(node('main.cjs'), /ERR_REQUIRE_ESM/);
      return;
    }
    const { stdout } = await node('main.cjs');
    assert.equal(stdout, '5 9\n');
  });

  test('CommonJS imports it everywhere', async () => {
    const { stdout, stderr } = await node('importing.cjs');
    assert.deepEqual({ stdout, stderr }, { stdout: '5\n', stderr: '' });
    if (!canRequire() || !process.allowedNodeEnvironmentFlags.has('--experimental-require-module')) return;
    const elsewhere = ['--no-experimental-require-module'];
    await assert.rejects(node(...elsewhere, 'main.cjs'), /ERR_REQUIRE_ESM/, 'Node says what is wrong');
    assert.equal((await node(...elsewhere, 'importing.cjs')).stdout, '5\n');
  });

  test('TypeScript compiles against its types and runs', async () => {
    await npm(project, 'install', '@types/node');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    try {
      await node(tsc, '-p', 'typed');
    } catch (error) {
      assert.fail(/** @type {any} */ (error).stdout);
    }
    const { stdout } = await node('typed/out/main.js');
    assert.equal(stdout, "5 [ 'a', 'b' ] UnknownTaskError 0 true\nfalse\n");
  });
});

describe('without a binary that fits, the import says so', { concurrency: false }, () => {
  const platformFolder = () => join(project, 'node_modules', packed.platform.name);

  test('the package is not installed: which one, how to add it, how to build it', async () => {
    rmSync(join(project, 'node_modules'), { recursive: true });
    await npm(project, 'install', '--omit=optional');
    assert.ok(!existsSync(platformFolder()));
    const { name, version } = packed.platform;
    const { message, ...rest } = await importError();
    assert.deepEqual(rest, { name: 'PlatformError', code: 'ERR_NANOLITH_PLATFORM' });
    assert.ok(message.includes(`the package ${name} is not installed`), message);
    assert.ok(message.includes(`npm install ${name}@${version}.`), message);
    assert.ok(message.includes(`npm install <the clone>/npm/${packed.host.target} here.`), message);
    const { stderr } = await node('main.js').catch((error) => error);
    assert.match(stderr, /PlatformError: The native part of nanolith is missing/);
  });

  test('it says so for the C library that this Linux has', async (t) => {
    if (process.platform !== 'linux') return t.diagnostic('nothing to tell apart here');
    const musl = 'process.report.getReport = () => ({ header: {} })';
    const glibc = "process.report.getReport = () => ({ header: { glibcVersionRuntime: '2.36' } })";
    assert.ok((await importError(musl)).message.includes(`the package nanolith-linux-${process.arch}-musl is not`));
    assert.ok((await importError(glibc)).message.includes(`the package nanolith-linux-${process.arch}-gnu is not`));
  });

  test('there is no package for the platform', async () => {
    const { message, code } = await importError("Object.defineProperty(process, 'arch', { value: 'mips' })");
    assert.equal(code, 'ERR_NANOLITH_PLATFORM');
    assert.match(message, /^nanolith has no native binary for \S+-mips\S*; it has some for linux-x64-gnu, /);
    assert.match(message, /CONTRIBUTING\.md/);
  });

  test('each way out works: by name, and built in a clone', async () => {
    await npm(project, 'install', `${packed.platform.name}@${packed.platform.version}`);
    assert.deepEqual(await importError(), {});
    await npm(project, 'uninstall', packed.platform.name);
    rmSync(platformFolder(), { recursive: true, force: true });
    assert.equal((await importError()).code, 'ERR_NANOLITH_PLATFORM');
    await npm(project, 'install', packed.host.folder);
    assert.deepEqual(await importError(), {});
  });

  test('the binary is damaged: what loading it said', async () => {
    const binary = realpathSync(join(platformFolder(), binaryName(packed.host.target)));
    writeFileSync(binary, 'not what it was');
    const { message, code } = await importError();
    assert.equal(code, 'ERR_NANOLITH_PLATFORM');
    assert.ok(
      message.startsWith(`The native part of nanolith, the package ${packed.platform.name}, does not load here: `),
    );
    assert.ok(message.includes(binaryName(packed.host.target)), message);
  });
});

describe('prepare-publish', () => {
  const prepare = (/** @type {string[]} */ args = [], more = {}) =>
    run(process.execPath, [join(packed.tree, 'scripts', 'prepare-publish.js'), ...args], { env: { ...env, ...more } });

  test('names the repository for the provenance', async () => {
    await prepare(['--allow-missing'], { GITHUB_REPOSITORY: 'someone/nanolith' });
    const url = 'git+https://github.com/someone/nanolith.git';
    assert.equal(readJson(join(packed.tree, 'package.json')).repository.url, url);
    const { repository } = readJson(join(packed.host.folder, 'package.json'));
    assert.deepEqual(repository, { type: 'git', url, directory: `npm/${packed.host.target}` });
  });

  test('refuses what is incomplete', async () => {
    // Here a clone has one binary; in the release workflow all are there.
    const binaries = platforms.map(({ target }) => join(packed.tree, 'npm', target, binaryName(target)));
    for (const binary of binaries) if (!existsSync(binary)) writeFileSync(binary, 'built elsewhere');
    await prepare();
    rmSync(join(packed.host.folder, binaryName(packed.host.target)));
    await assert.rejects(prepare(), { stderr: `prepare-publish: no binary for ${packed.host.target}\n` });
    rmSync(join(packed.tree, 'dist'), { recursive: true });
    await assert.rejects(prepare(['--allow-missing']), /prepare-publish: no \.\/dist\/index\.js: npm run bundle/);
  });
});

/** Whether `require` takes ES modules here. */
function canRequire() {
  return /** @type {any} */ (process.features).require_module === true;
}

/** npm's own file, which runs without a shell and without a PATH. */
function npmCli() {
  const candidates = [
    process.env.npm_execpath,
    ...(process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':').map((folder) => join(folder, 'npm')),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  for (const candidate of candidates) {
    if (candidate === undefined || !existsSync(candidate)) continue;
    const real = realpathSync(candidate);
    if (real.endsWith('npm-cli.js')) return real;
  }
  throw new Error('npm was not found');
}
