import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { check, hashesOf } from '../../examples/copies/check.js';
import { findFamilies } from '../../examples/copies/families.js';
import { likeness, SIZE, Sketcher } from '../../examples/copies/sketch.js';

const program = fileURLToPath(new URL('../../examples/copies/main.js', import.meta.url));
const WAIT_MS = 30_000;

/** @type {string} */
let folder;
/** @type {string} */
let text;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanolith-copies-'));
  const files = join(folder, 'files');
  await mkdir(join(files, 'inner'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  text = prose(1, 3000);
  await writeFile(join(files, 'original.txt'), text);
  await writeFile(join(files, 'inner', 'copy.txt'), text);
  await writeFile(join(files, 'inner', 'edited.txt'), `${text} and a few more words, which were added later`);
  await writeFile(join(files, 'binary'), Buffer.alloc(200_000));
  await writeFile(join(files, 'inner', 'same binary'), Buffer.alloc(200_000));
  await writeFile(join(files, 'inner', 'nothing'), '');
  for (let i = 0; i < 40; i++) await writeFile(join(files, `${i}.txt`), prose(100 + i, 300));
  await symlink(files, join(files, 'inner', 'circle'), 'junction');
  // As any user: who runs the tests may be root, who can read everything.
  await writeFile(
    join(folder, 'denies.mjs'),
    patch(
      'open',
      `/\\b7\\.txt$/.test(path)`,
      `throw Object.assign(new Error('denied'), { code: 'EACCES', syscall: 'open' })`,
    ),
  );
  await writeFile(
    join(folder, 'changes.mjs'),
    patch('readFile', `/original\\.txt$/.test(path)`, `return Buffer.from('something else')`),
  );
  await writeFile(join(folder, 'endless.mjs'), patch('open', `/\\b7\\.txt$/.test(path)`, `path = '/dev/zero'`));
});

after(() => rm(folder, { recursive: true, force: true }));

/** What to preload so that a function of `fs/promises` does something else for some paths. */
const patch = (/** @type {string} */ name, /** @type {string} */ condition, /** @type {string} */ then) => `
  import promises from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  const { ${name} } = promises;
  promises.${name} = async (path, ...rest) => {
    if (${condition}) ${then};
    return ${name}(path, ...rest);
  };
  syncBuiltinESMExports();
`;

/** Numbers that look random and are the same each time. */
function numbers(/** @type {number} */ seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Text that shares no run of five words with that of another seed. */
function prose(/** @type {number} */ seed, /** @type {number} */ words) {
  const next = numbers(seed);
  return Array.from({ length: words }, () => `${next(1e9).toString(36)}${[' ', ', ', '\n'][next(3)]}`).join('');
}

/** @param {Uint8Array} bytes @param {() => number} length */
function sketchOf(bytes, length) {
  const sketcher = new Sketcher();
  for (let at = 0; at < bytes.length; ) {
    const end = at + length();
    sketcher.write(bytes.subarray(at, end));
    at = end;
  }
  return sketcher.end();
}

describe('a sketch', () => {
  it('is the same, however the file comes, as that of the whole', () => {
    const bytes = Buffer.from(`${prose(5, 2000)} naïve Grüße 你好 ${prose(6, 100)}`);
    const expected = [...hashesOf(bytes)];
    assert.equal(expected.length, SIZE);
    const next = numbers(7);
    for (const max of [1, 2, 7, 100, 10_000, bytes.length + 1]) {
      assert.deepEqual([...sketchOf(bytes, () => 1 + next(max))], expected, `chunks of up to ${max}`);
    }
  });

  it('is empty without enough words, and of what is no text', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('only four words here'), Buffer.from(`${prose(1, 50)}\0`)]) {
      assert.equal(sketchOf(bytes, () => 3).length, 0);
      assert.equal(hashesOf(bytes).size, 0);
    }
    assert.equal(sketchOf(Buffer.from('there are five words here'), () => 3).length, 1);
  });

  it('tells how alike two files are', () => {
    const sketch = (/** @type {string} */ text) => sketchOf(Buffer.from(text), () => 1000);
    const [a, b] = [prose(1, 2000), prose(2, 2000)];
    assert.equal(likeness(sketch(a), sketch(a)), 1);
    assert.equal(likeness(sketch(a), sketch(b)), 0);
    assert.equal(likeness(sketch(a), new Uint32Array()), 0);
    assert.equal(likeness(new Uint32Array(), new Uint32Array()), 0);
    // Half of what both have is common: a third of the whole.
    const found = likeness(sketch(a + prose(3, 2000)), sketch(a + prose(4, 2000)));
    assert.ok(found > 0.2 && found < 0.47, `${found}`);
    assert.equal(likeness(Uint32Array.of(1, 2, 3), Uint32Array.of(2, 3, 4)), 0.5);
  });
});

describe('the families', () => {
  /** Sketches that overlap in all degrees. */
  function entriesOf(/** @type {number} */ seed) {
    const next = numbers(seed);
    const bases = Array.from({ length: 6 }, () => Array.from({ length: 30 }, () => next(2 ** 32)));
    return Array.from({ length: 80 }, (_, i) => {
      const base = bases[next(bases.length)];
      const hashes = base.slice(next(8)).map((hash) => (next(12) === 0 ? next(2 ** 32) : hash));
      return {
        path: `${i}`,
        size: 10 + next(100),
        sha256: `${next(70)}`,
        sketch: Uint32Array.from(new Set(hashes)).sort(),
      };
    });
  }

  /** Each with each. @param {ReturnType<typeof entriesOf>} entries @param {number} threshold */
  function bruteForce(entries, threshold) {
    const family = entries.map((_, i) => i);
    // Those of the same bytes count with the sketch of the first, as files of the same bytes have the same one.
    const first = entries.map(({ sha256 }) => entries.findIndex((entry) => entry.sha256 === sha256));
    for (const i of family.keys()) {
      for (const j of family.keys()) {
        const alike =
          first[i] === first[j] || likeness(entries[first[i]].sketch, entries[first[j]].sketch) >= threshold;
        if (!alike) continue;
        const [from, to] = [family[i], family[j]];
        for (const k of family.keys()) if (family[k] === from) family[k] = to;
      }
    }
    const groups = [...new Set(family)].map((of) => entries.filter((_, i) => family[i] === of).map(({ path }) => path));
    return groups.filter(({ length }) => length > 1).map((paths) => paths.sort().join());
  }

  it('are those that comparing each with each finds, in any order', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const entries = entriesOf(seed).sort((a, b) => (a.path < b.path ? -1 : 1));
      for (const threshold of [0.05, 0.3, 0.5, 0.8, 1]) {
        const found = findFamilies(entries, threshold);
        const paths = found.map(({ files }) => files.map(({ path }) => path).join());
        assert.deepEqual(paths.toSorted(), bruteForce(entries, threshold).sort(), `seed ${seed}, ${threshold}`);
        assert.deepEqual(findFamilies(entries.toReversed(), threshold), found);
        for (const { files, links } of found) assert.equal(links.length, files.length - 1);
      }
    }
  });

  it('come with what they repeat, the most first', () => {
    const entry = (/** @type {string} */ path, /** @type {number} */ size, /** @type {string} */ sha256) => ({
      path,
      size,
      sha256,
      sketch: new Uint32Array(),
    });
    const found = findFamilies(
      [entry('a', 1, 'x'), entry('b', 1, 'x'), entry('c', 5, 'y'), entry('d', 5, 'y'), entry('e', 5, 'z')],
      0.8,
    );
    assert.deepEqual(found, [
      {
        files: [
          { path: 'c', size: 5 },
          { path: 'd', size: 5 },
        ],
        links: [{ a: 'c', b: 'd', likeness: 1 }],
        repeatedBytes: 5,
      },
      {
        files: [
          { path: 'a', size: 1 },
          { path: 'b', size: 1 },
        ],
        links: [{ a: 'a', b: 'b', likeness: 1 }],
        repeatedBytes: 1,
      },
    ]);
    assert.deepEqual(findFamilies([], 0.8), []);
  });
});

describe('the check', () => {
  it('finds another sketch, a missed pair, and a link that is none', async () => {
    const paths = ['original.txt', '1.txt', 'inner/copy.txt'].map((name) => join(folder, 'files', name));
    const entries = await Promise.all(
      paths.map(async (path) => {
        const bytes = await readFile(path);
        return { path, size: bytes.length, sha256: '', sketch: sketchOf(bytes, () => 100) };
      }),
    );
    const files = paths.map((path) => ({ path, size: 1 }));
    const families = [{ files: [], links: [{ a: paths[0], b: paths[1], likeness: 0.9 }], repeatedBytes: 0 }];
    const lookUp = async (/** @type {string[]} */ asked) =>
      asked.map((path) => ({ entry: entries.find((entry) => entry.path === path), family: -1 }));
    const { faults, ...counts } = await check({
      files,
      families,
      threshold: 0.8,
      startedMs: Date.now() + 1000,
      lookUp,
    });
    assert.deepEqual(counts, { files: 3, pairs: 3, links: 1 });
    assert.equal(faults.filter((fault) => fault.endsWith('has another sketch')).length, 3);
    assert.equal(faults.filter((fault) => fault.endsWith('are alike, and not in one family')).length, 1);
    assert.equal(faults.filter((fault) => fault.endsWith('are alike by 0, not by 0.9')).length, 1);
  });
});

describe('the program', () => {
  it('finds copies and near copies, says how alike they are, and writes a report', async () => {
    const report = join(folder, 'report.jsonl');
    const like = join(folder, 'files', 'original.txt');
    const { code, stdout, stderr } = await run([join(folder, 'files'), '--report', report, '--like', like]);
    assert.equal(stderr, '');
    assert.match(stdout, /45 files/);
    assert.match(stdout, /left out: 1 × link/);
    assert.match(stdout, /left out: 1 × empty/);
    assert.match(stdout, /100% \| 45 of 45 files/);
    assert.match(stdout, /2 files, the same, 200\.0 KB repeated/);
    assert.match(stdout, /3 files, 9\d% alike and more/);
    assert.match(stdout, /Of all 45 files, 5 are in 2 families and repeat/);
    assert.match(stdout, /100% .* inner.copy\.txt/);
    assert.match(stdout, /Computed again on one thread: 45 files, 990 pairs and 3 links came to the same\./);
    assert.equal(code, 0);
    const families = (await readFile(report, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      families.map(({ files }) => files.length),
      [2, 3],
    );
  });

  it('shares the files out among its readers', async () => {
    const { stdout } = await run([join(folder, 'files')]);
    const shares = [...stdout.matchAll(/reader \d+ +│ +(\d+) /g)].map(([, files]) => Number(files));
    assert.equal(
      shares.reduce((a, b) => a + b),
      45,
    );
  });

  it('has nothing to do in an empty folder', async () => {
    const { code, stdout } = await run([join(folder, 'empty')]);
    assert.match(stdout, /Nothing to do\./);
    assert.equal(code, 0);
  });

  it('says what it could not read, and goes on', async () => {
    const { code, stdout } = await run([join(folder, 'files')], 'denies.mjs');
    assert.match(stdout, /could not be read: 1 × EACCES, the first .*7\.txt/);
    assert.match(stdout, /Of 44 of 45 files/);
    assert.match(stdout, /Computed again .* came to the same/);
    assert.equal(code, 0);
  });

  it('ends with 1 when one thread comes to something else', async () => {
    const { code, stderr } = await run([join(folder, 'files')], 'changes.mjs');
    assert.match(stderr, /came to something else\.\n {2}.*original\.txt has another sketch/);
    assert.equal(code, 1);
  });

  // A file without an end is under way when the reading is ended.
  const posix = { skip: process.platform === 'win32' };

  it('goes on with what it has when the time is up', posix, async () => {
    const { code, stdout, stderr } = await run([join(folder, 'files'), '--seconds', '2'], 'endless.mjs');
    assert.equal(stderr, '');
    assert.match(stdout, /Of \d+ of 45 files, \d are in \d families/);
    assert.match(stdout, /There was no time for the rest/);
    assert.match(stdout, /came to the same/);
    assert.equal(code, 0);
  });

  it('says what it has on Ctrl-C, and closes everything', posix, async () => {
    const { code, stdout, stderr } = await run([join(folder, 'files'), '--all'], 'endless.mjs', (child, stdout) => {
      if (stdout.includes('% |') && !child.killed) child.kill('SIGINT');
    });
    assert.equal(stderr, '');
    assert.match(stdout, /Of \d+ of 45 files, \d are in \d families/);
    assert.match(stdout, /Interrupted before the rest/);
    assert.equal(code, 130);
  });

  for (const [what, args, message] of /** @type {[string, string[], RegExp][]} */ ([
    ['a missing folder', ['/no/such/folder'], /there is no folder .*such/],
    ['a file', [program], /is not a folder/],
    ['two folders', ['a', 'b'], /one folder at most/],
    ['an unknown option', ['--fast'], /--fast[\s\S]*usage/],
    ['no number', ['--seconds', 'x'], /--seconds takes a positive number, not "x"/],
    ['a negative number', ['--seconds=-1'], /--seconds takes a positive number, not "-1"/],
    ['more than all', ['--alike', '101'], /at most 100 percent, not "101"/],
    ['a missing file', ['--like', '/no/such/file'], /there is no file .*such/],
    ['a report nowhere', ['--report', '/no/such/folder/report'], /cannot write .*such/],
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

/**
 * @param {string[]} args
 * @param {string} [preload] a file in the tests' folder
 * @param {(child: import('node:child_process').ChildProcess, stdout: string) => void} [watch] called with all output so far
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
function run(args, preload, watch) {
  const flags = preload === undefined ? [] : ['--import', pathToFileURL(join(folder, preload)).href];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: WAIT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
      watch?.(child, stdout);
    });
    child.stderr.on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
