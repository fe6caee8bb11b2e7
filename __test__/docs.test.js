// The README and the pages of docs/: their programs are run as they stand, and what they point to is there.
//
// Every JavaScript or TypeScript block that begins with a file name is written to a folder of its page, where `nanolith` is
// installed; TypeScript is checked under strict settings and compiled. A file that no other file of its page names is a
// program. It must end by itself and print what the comments behind its `console.log`s say, in that order; the files that
// it imports may print what their comments say, a `text` block may show more lines, and nothing else is printed.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as errors from '../lib/errors.js';
import { makePage } from '../scripts/docs-api.js';
import { runNode } from './helpers.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nanolith-docs-'));
after(() => rmSync(folder, { recursive: true }));

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`)]
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
const written = pages.map(readPage);

/**
 * @typedef {{ file: string, code: string, imports: string[], promised: string[] }} Block
 * @param {{ file: string, text: string }} page
 */
function readPage({ file, text }) {
  const blocks = [...text.matchAll(/```([jt]s)\n\/\/ (\S+\.[jt]s)\n([\s\S]*?)```/g)].map(([, language, name, code]) => {
    assert.ok(name.endsWith(language), `${file}: ${name} is in a block of ${language}`);
    return {
      file: name,
      code,
      // By the name that the file has once it is compiled.
      imports: [...code.matchAll(/'\.\/([^']+\.[jt]s)'/g)].map(([, imported]) => imported.replace(/\.ts$/, '.js')),
      promised: [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, said]) => said),
    };
  });
  const shown = [...text.matchAll(/```text\n([\s\S]*?)```/g)].flatMap(([, output]) => output.split('\n'));
  return { page: file, folder: join(folder, basename(file, '.md')), blocks, shown };
}

/** @param {string} name */
const compiled = (name) => name.replace(/\.ts$/, '.js');

before(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'nanolith'), 'junction');
  const sources = [];
  for (const { folder, blocks } of written) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const { file, code } of blocks) {
      writeFileSync(join(folder, file), code);
      if (file.endsWith('.ts')) sources.push(join(folder, file));
    }
  }
  compile(sources);
});

/** @param {string[]} sources */
function compile(sources) {
  const program = ts.createProgram(sources, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  });
  const { diagnostics } = program.emit();
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  assert.equal(
    ts.formatDiagnostics(all, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }),
    '',
  );
}

describe('the programs', { concurrency: 4 }, () => {
  for (const { page, folder, blocks, shown } of written) {
    const named = new Set(blocks.flatMap(({ imports }) => imports));
    it(`${page}: no two blocks have one name`, () => {
      const files = blocks.map(({ file }) => compiled(file));
      assert.equal(new Set(files).size, files.length, files.join(', '));
    });

    for (const block of blocks.filter(({ file }) => !named.has(compiled(file)))) {
      it(`${page}: ${block.file} runs and prints what it says`, async () => {
        assert.ok(block.promised.length > 0, 'a program that promises nothing shows nothing');
        const { code, stdout, stderr } = await runNode({ file: join(folder, compiled(block.file)) });
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
        const lines = stdout.split('\n').slice(0, -1);
        const allowed = new Set([...shown, ...closure(block, blocks).flatMap(({ promised }) => promised)]);
        assert.deepEqual(
          lines.filter((line) => !allowed.has(line)),
          [],
          `printed, and in no comment; all of it:\n${stdout}`,
        );
        const found = [];
        for (const line of lines) if (line === block.promised[found.length]) found.push(line);
        assert.deepEqual(found, block.promised, stdout);
      });
    }
  }

  it('are all there', () => {
    const files = written.flatMap(({ blocks }) => blocks);
    assert.ok(files.length >= 20, `${files.length} blocks`);
  });
});

/**
 * A block, and those of its page that it imports.
 * @param {Block} block
 * @param {Block[]} blocks
 * @param {Set<Block>} [seen]
 */
function closure(block, blocks, seen = new Set()) {
  if (!seen.has(block)) {
    seen.add(block);
    const imported = blocks.filter(({ file }) => block.imports.includes(compiled(file)));
    for (const each of imported) closure(each, blocks, seen);
  }
  return [...seen];
}

describe('the pages', () => {
  for (const { file, text } of pages) {
    it(`${file}: its links lead somewhere`, () => {
      const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link);
      for (const link of links) {
        const [path, anchor] = link.split('#');
        const target = path === '' ? file : normalize(join(dirname(file), path)).replaceAll('\\', '/');
        const linked = readFileSync(join(root, target), 'utf8');
        if (anchor !== undefined) assert.ok(anchorsOf(linked).has(anchor), `${link}: no such heading in ${target}`);
      }
    });

    it(`${file}: names scripts that exist`, () => {
      const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(script in scripts, script);
    });
  }

  it('docs/api.md is what `npm run docs:api` makes of index.d.ts', () => {
    const { text } = pages.find(({ file }) => file === 'docs/api.md') ?? { text: '' };
    assert.equal(text, makePage());
  });

  it('docs/api.md leads from a name to its own heading', () => {
    const { text } = pages.find(({ file }) => file === 'docs/api.md') ?? { text: '' };
    const headings = anchorsOf(text);
    for (const [, name, anchor] of text.matchAll(/\[`(\w+)`\]\(#([^)]+)\)/g)) assert.equal(headings.get(anchor), name);
  });

  it('docs/bundlers.md quotes messages as they are', () => {
    const { text } = pages.find(({ file }) => file === 'docs/bundlers.md') ?? { text: '' };
    const quoted = [...text.matchAll(/^\| `([^`]+)` \(`\w+`\)/gm)].map(([, message]) => message);
    assert.ok(quoted.length > 0);
    const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' });
    const sources = files
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(join(root, 'lib', file), 'utf8'));
    // Messages stand in several lines, and some begin with the name of an argument.
    const code = sources.join('\n').replaceAll(/['`"] \+\n +['`"]/g, '');
    for (const part of quoted.flatMap((message) => message.split(/…|^\w+ must be /))) {
      assert.ok(code.includes(part.trim()), part);
    }
  });

  it('docs/errors.md has every code, and no other', () => {
    const { text } = pages.find(({ file }) => file === 'docs/errors.md') ?? { text: '' };
    const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error'));
    const codes = classes.map(([name, Class]) => `${new Class('').code} ${name}`);
    const rows = [...text.matchAll(/^\| `(ERR_NANOLITH_\w+)` \| `(\w+)` \|/gm)].map(
      ([, code, name]) => `${code} ${name}`,
    );
    assert.deepEqual(
      rows.sort(),
      [...codes, 'ERR_NANOLITH_INVALID_ARGUMENT TypeError', 'ERR_NANOLITH_LIMIT RangeError'].sort(),
    );
  });
});

/** The headings of a page by the names with which they can be linked to, as GitHub makes them. @param {string} text */
function anchorsOf(text) {
  const headings = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
  const anchors = new Map([...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => [id, id]));
  for (const heading of headings) {
    const name = heading
      .replaceAll(/[`*_]|\[|\]\([^)]*\)/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-');
    for (let count = 0; ; count += 1) {
      const anchor = count === 0 ? name : `${name}-${count}`;
      if (anchors.has(anchor)) continue;
      anchors.set(anchor, heading);
      break;
    }
  }
  return anchors;
}
