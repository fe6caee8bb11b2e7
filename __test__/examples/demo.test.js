import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spread, takeSpread, walk } from '../../examples/demo/files.js';
import { countWords, digest } from '../../examples/demo/job.js';
import { filesTable } from '../../examples/demo/report.js';

const program = fileURLToPath(new URL('../../examples/demo/main.js', import.meta.url));

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanolith-demo-'));
  await mkdir(join(folder, 'files', 'inner'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'files', 'two words.txt'), 'two words');
  await writeFile(join(folder, 'files', 'inner', 'nothing'), '');
  await writeFile(join(folder, 'files', 'inner', 'binary'), Uint8Array.of(65, 0, 66));
  for (let i = 0; i < 50; i++) await writeFile(join(folder, 'files', `${i}.md`), `file ${i} `.repeat(i));
  await symlink(join(folder, 'files'), join(folder, 'files', 'inner', 'circle'), 'junction');
});

after(() => rm(folder, { recursive: true, force: true }));

describe('the job', () => {
  it('counts words of text, whatever parts them', () => {
    const words = (/** @type {string} */ text) => countWords(Buffer.from(text));
    assert.equal(words(''), 0);
    assert.equal(words(' \n'), 0);
    assert.equal(words('one'), 1);
    assert.equal(words('one, two\tthree\r\nfour_five 6'), 5);
    assert.equal(words('naïve Grüße 你好'), 3);
    assert.equal(countWords(Uint8Array.of(65, 32, 0, 66)), 0);
  });

  it('hashes, compresses and counts a file', () => {
    const path = join(folder, 'files', 'two words.txt');
    const { compressed, ...rest } = digest(path);
    assert.deepEqual(rest, {
      path,
      sha256: 'a03f1d611645eb53ad16c1af546ca0792dc884505bab57ede80f4dad6b911d3a',
      size: 9,
      words: 2,
    });
    assert.ok(compressed > 0);
  });

  it('tells why a file cannot be read', () => {
    const path = join(folder, 'files', 'none');
    assert.deepEqual(digest(path), { path, fault: 'ENOENT' });
    assert.deepEqual(digest(folder), { path: folder, fault: 'EISDIR' });
  });
});

describe('the files', () => {
  it('are all found once, and links are not followed', async () => {
    const { files, skipped } = await walk(join(folder, 'files'));
    assert.equal(files.length, 53);
    assert.equal(new Set(files.map(({ path }) => path)).size, 53);
    assert.deepEqual(skipped, { link: 1 });
  });

  it('of an empty folder are none', async () => {
    assert.deepEqual(await walk(join(folder, 'empty')), { files: [], skipped: {} });
  });

  it('are taken spread over the whole, each once', () => {
    for (const length of [0, 1, 2, 3, 10, 100, 101]) {
      const items = Array.from({ length }, (_, i) => i);
      assert.deepEqual(
        [...spread(items)].sort((a, b) => a - b),
        items,
      );
    }
    const files = Array.from({ length: 100 }, (_, i) => ({ size: 10, i }));
    assert.deepEqual(takeSpread(files, 1000), files);
    assert.deepEqual(takeSpread(files, 0), []);
    const taken = takeSpread(files, 105);
    assert.equal(taken.length, 10);
    assert.ok(taken.some(({ i }) => i < 20) && taken.some(({ i }) => i > 80));
  });
});

describe('the tables', () => {
  it('sum up by kind, the rest in one row', () => {
    const file = { sha256: '', size: 2_000_000, compressed: 1_000_000, words: 3 };
    const table = filesTable(
      [
        { ...file, path: 'a.x' },
        { ...file, path: 'b.x' },
        { ...file, path: 'c.y' },
        { path: 'd', fault: 'EACCES' },
      ],
      1,
    );
    assert.match(table, /\.x .* 2 .* 4\.0 MB .* 2\.0 MB .* 50% .* 6 /);
    assert.match(table, /1 more .* 1 .* 2\.0 MB/);
    assert.match(table, /all .* 3 .* 6\.0 MB/);
  });
});

describe('the program', () => {
  it('works on a folder and shows both times', async () => {
    const { code, stdout, stderr } = await run([join(folder, 'files'), '--seconds', '5']);
    assert.equal(stderr, '');
    assert.match(stdout, /53 files/);
    assert.match(stdout, /left out: 1 × link/);
    assert.match(stdout, /on all cores, .* on one thread/);
    assert.match(stdout, /Both came to the same 53 results\./);
    assert.equal(code, 0);
  });

  it('has nothing to do in an empty folder', async () => {
    const { code, stdout } = await run([join(folder, 'empty')]);
    assert.match(stdout, /Nothing to do\./);
    assert.equal(code, 0);
  });

  for (const [what, args, message] of /** @type {[string, string[], RegExp][]} */ ([
    ['a missing folder', ['/no/such/folder'], /there is no folder .*such/],
    ['a file', [program], /is not a folder/],
    ['two folders', ['a', 'b'], /one folder at most/],
    ['an unknown option', ['--fast'], /--fast[\s\S]*usage/],
    ['no number', ['--seconds', 'x'], /positive number, not "x"/],
    ['a negative number', ['--seconds=-1'], /positive number, not "-1"/],
    ['options that exclude each other', ['--all', '--seconds', '1'], /exclude each other/],
  ])) {
    it(`refuses ${what} with a clear message`, async () => {
      const { code, stderr } = await run(args);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n {4}at /);
      assert.equal(code, 2);
    });
  }
});

/** @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
function run(/** @type {string[]} */ args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
