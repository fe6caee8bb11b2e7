// define(): registers a set of functions on this thread, and makes the API by which any thread calls them.

import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers';

import { validateDefineOptions, validateDefinitions } from './arguments.js';
import { callerOf, isFile, pathOf } from './call-site.js';
import { DuplicateIdentifierError, invalidArgument, SafeModeError } from './errors.js';
import { launch } from './launch.js';
import { runIsolated, runWarm, TaskSet } from './tasks.js';

/** The functions that nanolith calls by itself. */
export const HOOKS = new Set([
  '__initializeService',
  '__beforeTask',
  '__afterTask',
  '__beforeServiceTask',
  '__afterServiceTask',
]);

/**
 * What was defined on this thread.
 * @typedef {object} Definition
 * @property {string} file what threads load
 * @property {string} identifier
 * @property {import('./call-site.js').Place | undefined} place where `define` was called
 * @property {Map<string, Function>} functions tasks and hooks
 */

/** By identifier. @type {Map<string, Definition[]>} */
const registry = new Map();

/**
 * The set that a thread was asked for: the one that the file defines, else the one that another file defined for it, else
 * the only one with this identifier (the file may go by another name, a link's, say).
 * @param {string} file
 * @param {string} identifier
 */
export function lookUp(file, identifier) {
  const sets = registry.get(identifier) ?? [];
  const own = sets.filter((set) => set.place?.file === file);
  return (
    own.find((set) => set.file === file) ??
    own[0] ??
    sets.find((set) => set.file === file) ??
    (sets.length === 1 ? sets[0] : undefined)
  );
}

/**
 * See `index.d.ts`.
 * @param {Record<string, Function>} definitions
 * @param {import('../index.d.ts').DefineOptions} [options]
 */
export function define(definitions, options = {}) {
  try {
    return Promise.resolve(register(definitions, options, callerOf(define)));
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * @param {Record<string, Function>} definitions
 * @param {import('../index.d.ts').DefineOptions} options
 * @param {import('./call-site.js').Place | undefined} place
 */
function register(definitions, options, place) {
  validateDefinitions(definitions);
  validateDefineOptions(options);
  const functions = new Map(Object.entries(definitions));
  const names = [...functions.keys()].filter((name) => !HOOKS.has(name));
  const identifier = options.identifier ?? names.join(',');
  const file = fileOf(options.file, place);
  const aliases = options.file === undefined ? [file] : [file, targetOf(file)];
  remember({ file, identifier, functions, place });

  const set = new TaskSet(file, identifier, new Set(names), options.options);
  const safeMode = options.safeMode ?? true;
  const isolate = options.isolate ?? true;
  const run = isolate ? runIsolated : runWarm;
  let checked = false;

  /** @param {Function} callee */
  function check(callee) {
    const caller = callerOf(callee);
    if (caller === undefined || !aliases.includes(caller.file)) return;
    throw new SafeModeError(
      `${identifier || 'The set'} was called from ${file}, the file that defines it: every thread that loads the file ` +
        'would call it again. Call it from another file, or pass { safeMode: false } to define(). ' +
        '(In a bundle all files are one: pass { safeMode: false } and guard the calls yourself.)',
    );
  }

  /** @param {import('../index.d.ts').TaskWorkerOptions} call */
  function api(call) {
    try {
      if (safeMode && !checked) {
        check(api);
        if (!isolate) {
          // A look at the stack costs more than a whole warm call: once a turn of the event loop is enough.
          checked = true;
          setImmediate(() => {
            checked = false;
          });
        }
      }
      return run(set, call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @param {import('../index.d.ts').ServiceWorkerOptions} [launchOptions] */
  function launchService(launchOptions) {
    try {
      if (safeMode) check(launchService);
      return launch(set, launchOptions);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return Object.freeze(Object.assign(api, { launchService, file, identifier }));
}

/**
 * The file that threads load.
 * @param {string | URL | undefined} given
 * @param {import('./call-site.js').Place | undefined} place
 */
function fileOf(given, place) {
  if (given === undefined) {
    if (place !== undefined && isFile(place.file)) return place.file;
    throw invalidArgument(
      'file',
      'given, as the code that calls define() is in no file that a thread could load (of --eval or the REPL, say)',
      place?.file,
    );
  }
  try {
    return resolve(pathOf(given));
  } catch (cause) {
    throw Object.assign(invalidArgument('file', 'a path or a file: URL', given), { cause });
  }
}

/** What a file is a link to, which is how Node names the code in it; the file itself, if it is none. @param {string} file */
function targetOf(file) {
  try {
    return realpathSync(file);
  } catch {
    return file; // A task that is called will say that there is no such file.
  }
}

/** @param {Definition} definition */
function remember(definition) {
  const { file, identifier, place } = definition;
  const sets = registry.get(identifier) ?? [];
  registry.set(identifier, sets);
  const at = sets.findIndex((set) => set.file === file && set.place?.file === place?.file);
  if (at < 0) {
    sets.push(definition);
    return;
  }
  const [known, again] = [sets[at].place, place].map((at) => `${at?.file}:${at?.line}:${at?.column}`);
  if (known !== again) {
    throw new DuplicateIdentifierError(
      `${place?.file} defines '${identifier}' twice (at ${known} and at ${again}): give one of them an identifier of its ` +
        "own, define({ … }, { identifier: '…' }).",
    );
  }
  sets[at] = definition;
}
