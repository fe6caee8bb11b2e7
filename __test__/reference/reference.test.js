// Every example of the reference readme, in words of our own, as a user would write and run it: TypeScript in files of
// their own, compiled under strict settings into a folder from which `nanolith` is found as an installed package is, and
// run by Node in a process of its own.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import ts from 'typescript';
import { runNode } from '../helpers.js';

const source = fileURLToPath(new URL('.', import.meta.url));
/** Inside of the package, so that it is found by its own name. */
const out = mkdtempSync(join(source, '.out-'));
after(() => rmSync(out, { recursive: true, force: true }));

/** The four chunks that are streamed, as the console shows them. */
const chunks = ['one', 'two', 'three', 'four'].map((word) => inspect(Buffer.from(word)));

/**
 * What each example prints, by the section of the readme that it stands for. Several lists are what several threads
 * print: each in its order, and nobody knows how they mix.
 *
 * @type {Record<string, { folder: string, prints: string[][] }>}
 */
const examples = {
  'Defining a set of tasks': { folder: 'define', prints: [['42 8 3']] },
  'Creating multiple sets of definitions in the same file with identifiers': {
    folder: 'identifiers',
    prints: [['1 3', 'x z', 'letters true']],
  },
  'Hooks, and using the before and after task hooks': {
    folder: 'hooks',
    prints: [
      ['before a task true', 'at work', 'after a task true'],
      ['initialized true', 'before a task in a service true', 'at work', 'after a task in a service true'],
    ],
  },
  'Dealing with "Cannot find module" with the file option': { folder: 'file-option', prints: [['true true']] },
  'Running a task': { folder: 'task', prints: [['3 34', 'true', 'too far']] },
  'Running a task: safeMode': {
    folder: 'safe-mode',
    prints: [['ERR_NANOLITH_SAFE_MODE', 'ERR_NANOLITH_SAFE_MODE', 'done']],
  },
  'Configuring a task': {
    folder: 'task-options',
    prints: [['hi you and me', 'hello all', "[ 'news', 'sports' ]", 'first, second']],
  },
  'Launching a service': { folder: 'service', prints: [['4', '10', 'nobody catches this', '11', 'true']] },
  'Configuring a service': {
    folder: 'service-options',
    prints: [["[ 'reporter', 'news' ]", 'not again', 'true']],
  },
  'Using the service initializer hook': { folder: 'service-initializer', prints: [['2', '0']] },
  'Using a service': {
    folder: 'service-members',
    prints: [['true true', '2 false', "[ 'a', 'b' ] 0", '0 true', 'ERR_NANOLITH_SERVICE_CLOSED']],
  },
  'Managing concurrency': {
    folder: 'concurrency',
    prints: [['Quarter', 'Half', 'x1', 'x1', 'x2', 'x4', 'x6', 'x8', 'x10'].map((option) => `${option} true`)],
  },
  'Using pool': {
    folder: 'pool',
    prints: [['true', '0 0 false true', '2 2 true false', 'task wait true true', '4 0 true false', '0 0 false true']],
  },
  'Creating a service cluster': { folder: 'cluster', prints: [['[ 3, 7, 11 ]', '3']] },
  'Using ServiceCluster': {
    folder: 'cluster-members',
    prints: [['nothing to use', 'true true', '3 0', '3 1', 'true true', '1 1', '0 0']],
  },
  'Messaging between the main thread and a service': {
    folder: 'messages',
    prints: [['the main thread heard 9', 'and waited for 9'], ['the service heard 1']],
  },
  'Sending & receiving messages between tasks/services and the main thread': {
    folder: 'messenger',
    prints: [
      [
        'the service read: from a task',
        'from a task; the service read: from a task; the service read: from the main thread',
      ],
      ["[ 'board' ] true"],
    ],
  },
  'Using Messenger': {
    folder: 'messenger-members',
    prints: [
      [
        'true true',
        'here: joined',
        'there: joined',
        'room true bye',
        'ERR_NANOLITH_MESSENGER_CLOSED',
        'ERR_NANOLITH_MESSENGER_CLOSED',
      ],
    ],
  },
  'Dynamically sending messengers to services': { folder: 'send-messenger', prints: [['better late than never']] },
  'Streaming data between threads, to a service': {
    folder: 'stream-to-service',
    prints: [chunks.map((chunk) => `the service got ${chunk}`)],
  },
  'Streaming data between threads, to the main thread': {
    folder: 'stream-from-service',
    prints: [chunks.map((chunk) => `the main thread got ${chunk}`)],
  },
  '"Promisify-ing" a for-loop': { folder: 'for-loop', prints: [['meanwhile', '20000000']] },
};

describe('the examples of the reference readme', { concurrency: 4 }, () => {
  before(compile);

  for (const [section, { folder, prints }] of Object.entries(examples)) {
    it(section, async () => {
      const { code, signal, stdout, stderr } = await runNode({ file: join(out, folder, 'index.js') });
      assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' }, stdout);
      const lines = stdout.split('\n').slice(0, -1);
      assert.deepEqual(lines.toSorted(), prints.flat().sort());
      for (const list of prints) assert.deepEqual(inOrder(lines, list), list, stdout);
    });
  }
});

/** The lines of a list, in the order in which they were printed. @param {string[]} lines @param {string[]} list */
function inOrder(lines, list) {
  /** @type {string[]} */
  const found = [];
  for (const line of lines) if (line === list[found.length]) found.push(line);
  return found;
}

/** All examples at once: the compiler reads Node's types only once. */
function compile() {
  const path = join(source, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, source);
  const found = new Set(fileNames.map((file) => relative(source, file).split(/[\\/]/)[0]));
  assert.deepEqual(
    [...found].sort(),
    Object.values(examples)
      .map(({ folder }) => folder)
      .sort(),
  );
  const program = ts.createProgram(fileNames, { ...options, outDir: out });
  const { diagnostics } = program.emit();
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  const host = {
    getCanonicalFileName: (/** @type {string} */ name) => name,
    getCurrentDirectory: () => source,
    getNewLine: () => '\n',
  };
  assert.equal(ts.formatDiagnostics(all, host), '');
}
