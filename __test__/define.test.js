import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { define } from '../index.js';
import { calls } from './fixtures/calls-itself.js';
import * as identifiers from './fixtures/identifiers.js';
import { ordered } from './fixtures/late-top-level.js';
import { outside } from './fixtures/other-file.js';
import { tasks } from './fixtures/tasks.js';
import { fixture, INDEX, rejection, runWell, within, write } from './helpers.js';

const invalid = { name: 'TypeError', code: 'ERR_NANOLITH_INVALID_ARGUMENT' };
/** @param {string} identifier */
const elsewhere = (identifier) => define(one, { identifier, file: fixture('tasks.js') });
const one = { one: () => 1 };
/** Whether this Node can require ES modules. */
const canRequire = /** @type {any} */ (process.features).require_module === true;

describe('define', () => {
  it('resolves with a frozen, callable API that has launchService, file (a path) and identifier', async () => {
    assert.equal(typeof tasks, 'function');
    assert.ok(Object.isFrozen(tasks));
    assert.equal(typeof tasks.launchService, 'function');
    assert.equal(tasks.file, fixture('tasks.js'));
    assert.equal(tasks.identifier, 'tasks');
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
  });

  it('returns the API on nanolith threads too, so that tasks call other sets', async () => {
    assert.equal(await within(outside({ name: 'addElsewhere', params: [2, 3] })), 5);
    assert.deepEqual(await within(outside({ name: 'describe' })), {
      callable: 'function',
      frozen: true,
      launchService: 'function',
      file: fixture('tasks.js'),
      identifier: 'tasks',
    });
  });

  it('calls its own set from another file, and from its own with safeMode: false', async () => {
    assert.equal(await within(calls({ name: 'outer', params: [3] })), 'inner 3');
  });

  it('registers synchronously: a CommonJS file exports the promise', { skip: !canRequire }, async () => {
    const { commonjs } = createRequire(import.meta.url)('./fixtures/commonjs.cjs');
    const api = await commonjs;
    assert.equal(await within(api({ name: 'add', params: [1, 2] })), 3);
    assert.equal(api.file, fixture('commonjs.cjs'));
  });

  it('R27: a task never runs before the rest of its module was evaluated', async () => {
    assert.equal(await within(ordered({ name: 'read' })), 'evaluated to its end');
  });
});

describe('identifier', () => {
  it('derives from the function names in order, hooks left out', async () => {
    assert.equal(identifiers.first.identifier, 'one,two');
    assert.equal(identifiers.second.identifier, 'two,one');
  });

  it('tells the sets of one file apart', async () => {
    const { first, second, named } = identifiers;
    const results = [first({ name: 'one' }), second({ name: 'one' }), named({ name: 'one' })];
    assert.deepEqual(await within(Promise.all(results)), ['first', 'second', 'named']);
  });

  it('a second define at another place with the same identifier is a clear error', async () => {
    await define(one, { identifier: 'taken' });
    const error = await rejection(define(one, { identifier: 'taken' }));
    assert.equal(error.name, 'DuplicateIdentifierError');
    assert.equal(error.code, 'ERR_NANOLITH_DUPLICATE_IDENTIFIER');
    assert.match(error.message, /define\.test\.js:\d+:\d+/);
    assert.match(error.message, /'taken'/);
  });

  it('two places on one line are two places', async () => {
    // biome-ignore format: both on one line
    const [first, second] = [define(one, { identifier: 'line' }), define(one, { identifier: 'line' })];
    await first;
    assert.equal((await rejection(second)).code, 'ERR_NANOLITH_DUPLICATE_IDENTIFIER');
  });

  it('a derived one is a duplicate just as well', async () => {
    const { duplicate } = identifiers;
    assert.equal((await duplicate).code, 'ERR_NANOLITH_DUPLICATE_IDENTIFIER');
  });

  it('the same place evaluated again is no duplicate', async () => {
    const again = () => define({ again: () => 1 }, { identifier: 'again' });
    await again();
    assert.equal((await again()).identifier, 'again');
  });
});

describe('definitions', () => {
  it('a member that is not a function is a TypeError', async () => {
    for (const member of [3, 'text', {}, null, undefined, [() => 1]]) {
      const error = await rejection(define(/** @type {any} */ ({ fine: () => 1, wrong: member })));
      assert.equal(error.code, invalid.code);
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /definitions\.wrong/);
    }
  });

  it('no object at all is a TypeError', async () => {
    for (const definitions of [undefined, null, 3, 'text', () => 1, [() => 1]]) {
      const error = await rejection(define(/** @type {any} */ (definitions)));
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, invalid.code);
    }
  });

  it('options of a wrong shape are a TypeError, never a throw', async () => {
    const wrong = [
      3,
      null,
      { identifier: '' },
      { identifier: 3 },
      { file: 3 },
      { file: '' },
      { file: new URL('https://example.com/a.js') },
      { file: 'https://example.com/a.js' },
      { file: 'data:text/javascript,export {}' },
      { file: 'node:fs' },
      { identifier: 'half of a pair: \ud83d' },
      [],
      { isolate: false, options: [] },
      { safeMode: 'yes' },
      { isolate: 1 },
      { options: {} },
      { isolate: true, options: {} },
      { isolate: false, options: 3 },
    ];
    for (const options of wrong) {
      const error = await rejection(define(one, /** @type {any} */ (options)));
      assert.ok(error instanceof TypeError, String(options));
      assert.equal(error.code, invalid.code);
    }
  });

  it('a name with half of a surrogate pair is a TypeError: threads would know it by another', async () => {
    const error = await rejection(define({ '\ud83d': () => 1 }));
    assert.ok(error instanceof TypeError);
    assert.equal(error.code, invalid.code);
  });

  it('a file: URL that Node cannot make a path of is a TypeError, with what Node says as its cause', async () => {
    for (const file of ['file:///a%2Fb.js', 'file:///a%5Cb%2Fc.js', new URL('file:///a%2Fb.js')]) {
      const error = await rejection(define(one, { identifier: 'no path', file }));
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, invalid.code);
      assert.equal(error.cause.code, 'ERR_INVALID_FILE_URL_PATH');
    }
  });

  it('R26: hook names and inherited names are no tasks', async () => {
    const set = await define(
      { ...one, __beforeTask() {}, __initializeService() {} },
      { identifier: 'names', safeMode: false },
    );
    const names = [
      '__beforeTask',
      '__afterTask',
      '__initializeService',
      '__beforeServiceTask',
      '__afterServiceTask',
      'toString',
      'constructor',
      'hasOwnProperty',
      '__proto__',
      'valueOf',
      'call',
      '',
      'missing',
    ];
    for (const name of names) {
      const error = await rejection(set(/** @type {any} */ ({ name })));
      assert.equal(error.name, 'UnknownTaskError', name);
      assert.equal(error.code, 'ERR_NANOLITH_UNKNOWN_TASK');
      assert.match(error.message, /'one'/, 'it says what there is');
    }
  });

  it('R26: a set may have tasks with names of Object.prototype', async () => {
    const { awkward } = identifiers;
    for (const name of /** @type {const} */ (['toString', 'constructor', 'then', 'hasOwnProperty'])) {
      assert.equal(await within(awkward({ name })), `own ${name}`);
    }
  });
});

describe('file', () => {
  const path = fixture('tasks.js');
  const params = [4, 5];

  for (const [kind, file] of /** @type {const} */ ([
    ['a path', path],
    ['a relative path', relative(process.cwd(), path)],
    ['a file: URL string', pathToFileURL(path).href],
    ['a URL', pathToFileURL(path)],
    ['a URL with a query', new URL('?v=1', pathToFileURL(path))],
  ])) {
    it(`accepts ${kind}`, async () => {
      const names = { add: (/** @type {number} */ x, /** @type {number} */ y) => x + y };
      const api = await define(names, { identifier: 'tasks', file });
      assert.equal(api.file, path);
      assert.equal(await within(api({ name: 'add', params })), 9);
    });
  }

  it('two sets of one identifier for two files are no duplicates', async () => {
    const [here, there] = [await define(one, { identifier: 'two files' }), await elsewhere('two files')];
    assert.notEqual(here.file, there.file);
  });

  it('is a path too when it is a URL of another realm, known by its shape', async () => {
    const { href, protocol } = pathToFileURL(path);
    const file = /** @type {URL} */ ({ href, protocol });
    assert.equal((await define(one, { identifier: 'shape of a URL', file })).file, path);
  });

  it('has to be given where define is called by code that is in no file', async () => {
    const code = `
      import { define } from '${INDEX}';
      const error = await define({ one: () => 1 }).catch((error) => error);
      console.log(error.code, /no file that a thread could load/.test(error.message));
      console.log((await define({ one: () => 1 }, { file: '/a.js' })).file);`;
    assert.equal(await runWell(code, { input: true }), `ERR_NANOLITH_INVALID_ARGUMENT true\n${resolve('/a.js')}\n`);
    const commonJS = `import('${INDEX}').then(({ define }) => define({ one: () => 1 })).catch((error) => console.log(error.code))`;
    assert.equal(await runWell({ file: '-e' }, { args: [commonJS] }), 'ERR_NANOLITH_INVALID_ARGUMENT\n');
  });

  it('defaults to the file that calls define', async () => {
    const api = await define(one, { identifier: 'default file' });
    assert.equal(dirname(api.file), import.meta.dirname ?? dirname(new URL(import.meta.url).pathname));
  });
});

describe('safeMode', () => {
  it('rejects tasks and launchService called from the definitions’ file, and names the case of a bundle', async () => {
    const set = await define(one, { identifier: 'safe' });
    for (const promise of [set({ name: 'one' }), set.launchService()]) {
      const error = await rejection(promise);
      assert.equal(error.name, 'SafeModeError');
      assert.equal(error.code, 'ERR_NANOLITH_SAFE_MODE');
      assert.match(error.message, /bundle/);
      assert.match(error.message, /define\.test\.js/);
    }
  });

  it('rejects what a builtin calls for that file', async () => {
    const set = await define(one, { identifier: 'called by builtins' });
    const storage = new AsyncLocalStorage();
    const call = /** @type {const} */ ({ name: 'one' });
    for (const promise of [[call].map(set)[0], Reflect.apply(set, null, [call]), storage.run(1, set, call)]) {
      assert.equal((await rejection(promise)).code, 'ERR_NANOLITH_SAFE_MODE');
    }
  });

  it('rejects where file is a link to the file', { skip: process.platform === 'win32' }, async () => {
    const code = `
      import { define } from '${INDEX}';
      const set = await define({ one: () => 1 }, { file: new URL('link.mjs', import.meta.url) });
      console.log((await set({ name: 'one' }).catch((error) => error)).code);`;
    const file = write(code, 'linked.mjs');
    symlinkSync(file, join(dirname(file), 'link.mjs'));
    assert.equal(await runWell({ file }), 'ERR_NANOLITH_SAFE_MODE\n');
  });

  it('knows the file where Error is frozen, and define rejects instead of throwing', async () => {
    const code = `
      import { define } from '${INDEX}';
      const set = await define({ one: () => 1 });
      console.log(set.file === import.meta.filename || set.file === fileURLToPath(import.meta.url));
      console.log((await set({ name: 'one' }).catch((error) => error)).code);
      console.log((await [{ name: 'one' }].map(set)[0].catch((error) => error)).code);
      const { code } = await define(null).catch((error) => error);
      console.log(code);`;
    const said = 'true\nERR_NANOLITH_SAFE_MODE\nERR_NANOLITH_SAFE_MODE\nERR_NANOLITH_INVALID_ARGUMENT\n';
    const importing = "import { fileURLToPath } from 'node:url';";
    assert.equal(await runWell(`${importing} Object.freeze(Error); ${code}`), said);
    const flags = ['--frozen-intrinsics', '--no-warnings'];
    assert.equal(await runWell(`${importing} ${code}`, { flags }), said);
  });

  it('rejects for a warm set, at each turn of the event loop', async () => {
    const set = await define(one, { identifier: 'safe warm', isolate: false });
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal((await rejection(set({ name: 'one' }))).code, 'ERR_NANOLITH_SAFE_MODE');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('leaves Error.prepareStackTrace and stackTraceLimit alone', async () => {
    const set = await define(one, { identifier: 'stack settings' });
    const prepare = () => 'prepared';
    const { stackTraceLimit } = Error;
    try {
      Error.prepareStackTrace = prepare;
      Error.stackTraceLimit = 3;
      const error = set({ name: 'one' });
      assert.equal(Error.prepareStackTrace, prepare);
      assert.equal(Error.stackTraceLimit, 3);
      await rejection(error);
    } finally {
      Error.prepareStackTrace = undefined;
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});
