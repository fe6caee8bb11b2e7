import { inspect } from 'node:util';

/**
 * Every error of nanolith's own: one class per cause, each with a stable `code` for users to match on. `code`
 * and whatever else a class adds are own enumerable properties, so that they cross threads with the error.
 */

/**
 * From the name of each class to the class.
 * @type {Map<string, new (...params: any[]) => Error & { code: string }>}
 */
export const errorClasses = new Map();

/**
 * Makes a class of a name and a code. Its constructor takes what that of `Base` does.
 * @template {unknown[]} [P=[message: string, options?: ErrorOptions]]
 * @template {Error} [E=Error]
 * @param {string} name
 * @param {string} code
 * @param {new (...params: P) => E} Base
 * @returns {new (...params: P) => E & { code: string }}
 */
function errorClass(name, code, Base = /** @type {any} */ (Error)) {
  const Class = class extends /** @type {new (...params: any[]) => Error} */ (Base) {
    /** @param {P} params */
    constructor(...params) {
      super(...params);
      this.code = code;
    }
  };
  Object.defineProperty(Class, 'name', { value: name, configurable: true });
  Object.defineProperty(Class.prototype, 'name', { value: name, writable: true, configurable: true });
  return /** @type {any} */ (Class);
}

/** `new LoadError(file, thrown)`, with whatever loading the file threw, an error or not. */
export const LoadError = errorClass(
  'LoadError',
  'ERR_NANOLITH_LOAD',
  class extends Error {
    /** @param {string} file @param {unknown} thrown */
    constructor(file, thrown) {
      super(`Cannot load ${file}: ${messageOf(thrown)}${hintFor(thrown)}`, { cause: thrown });
    }
  },
);

/** `new WorkerExitedError(exitCode)` */
export const WorkerExitedError = errorClass(
  'WorkerExitedError',
  'ERR_NANOLITH_WORKER_EXITED',
  class extends Error {
    /** @param {number} exitCode */
    constructor(exitCode) {
      super(exitCode === 0 ? 'Worker exited early!' : `Worker exited early with code ${exitCode}!`);
      this.exitCode = exitCode;
    }
  },
);

export const ServiceClosedError = errorClass('ServiceClosedError', 'ERR_NANOLITH_SERVICE_CLOSED');
export const OwnerEndedError = errorClass('OwnerEndedError', 'ERR_NANOLITH_OWNER_ENDED');
export const NestingError = errorClass('NestingError', 'ERR_NANOLITH_NESTING');
export const NoParentError = errorClass('NoParentError', 'ERR_NANOLITH_NO_PARENT');
export const MessengerClosedError = errorClass('MessengerClosedError', 'ERR_NANOLITH_MESSENGER_CLOSED');
export const MessengerTimeoutError = errorClass('MessengerTimeoutError', 'ERR_NANOLITH_MESSENGER_TIMEOUT');
export const StreamUnclaimedError = errorClass('StreamUnclaimedError', 'ERR_NANOLITH_STREAM_UNCLAIMED');
export const StreamTimeoutError = errorClass('StreamTimeoutError', 'ERR_NANOLITH_STREAM_TIMEOUT');
export const UnknownTaskError = errorClass('UnknownTaskError', 'ERR_NANOLITH_UNKNOWN_TASK');
export const SafeModeError = errorClass('SafeModeError', 'ERR_NANOLITH_SAFE_MODE');
export const DuplicateIdentifierError = errorClass('DuplicateIdentifierError', 'ERR_NANOLITH_DUPLICATE_IDENTIFIER');
export const PoolExceededError = errorClass('PoolExceededError', 'ERR_NANOLITH_POOL_EXCEEDED');
export const NoServiceError = errorClass('NoServiceError', 'ERR_NANOLITH_NO_SERVICE');
export const PlatformError = errorClass('PlatformError', 'ERR_NANOLITH_PLATFORM');

/**
 * Makes the error for a bad argument, a `TypeError`: `params must be an array, received 'foo'`.
 * @param {string} name what the caller passed it as
 * @param {string} expected what it must be, with its article
 * @param {unknown} given
 */
export function invalidArgument(name, expected, given) {
  const error = new TypeError(`${name} must be ${expected}, received ${show(given)}`);
  return Object.assign(error, { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
}

/**
 * Makes the error for more than one of the library's tables can hold, a `RangeError`.
 * @param {string} message
 */
export function limitReached(message) {
  return Object.assign(new RangeError(message), { code: 'ERR_NANOLITH_LIMIT' });
}

const SHOWN_CHARACTERS = 120;

/**
 * A value in a few words, whatever it is: running none of its code, as far as `inspect` allows.
 * @param {unknown} value
 */
function show(value) {
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  let text;
  try {
    text = inspect(value, {
      depth: 1,
      breakLength: Infinity,
      customInspect: false,
      maxArrayLength: 5,
      maxStringLength: SHOWN_CHARACTERS,
    });
  } catch {
    text = Array.isArray(value) ? 'an array' : 'an object'; // a getter of `Symbol.toStringTag` threw, say
  }
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/**
 * The message of a thrown value, which may be anything.
 * @param {unknown} thrown
 */
function messageOf(thrown) {
  if (typeof thrown === 'string') return thrown;
  try {
    const { message, name } = /** @type {Error} */ (thrown);
    if (typeof message === 'string') return message || String(name);
  } catch {
    // `null`, `undefined`, or a getter that throws: shown like other values.
  }
  return show(thrown);
}

const RUNNER_NAMES = 'afterAll|afterEach|beforeAll|beforeEach|describe|expect|it|jest|suite|test|vi';
const OUTSIDE_OF_RUNNER = new RegExp(
  `^(?:(?:${RUNNER_NAMES}) is not defined$|Vitest failed to access|Do not import .@jest/)`,
);

/**
 * What to do about a file that did not load, where what it threw tells.
 * @param {unknown} thrown
 */
function hintFor(thrown) {
  let code;
  let message = '';
  try {
    ({ code, message } = /** @type {NodeJS.ErrnoException} */ (thrown));
    message = String(message);
  } catch {
    // `null`, `undefined`, or a getter that throws: no error of Node's or of a test runner's.
  }
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /"?\.(?:[cm]?ts|[jt]sx)\b/.test(message)) {
    return (
      '\nNode loads TypeScript by itself from 22.18 on. On an earlier one, start the process with a loader, which threads ' +
      'inherit (node --import tsx main.ts), or have them load the compiled file: define({ … }, { file }).'
    );
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return (
      '\nNode only strips types. Do without enums, namespaces and parameter properties (TypeScript names them with ' +
      'erasableSyntaxOnly), or start the process with a loader, which threads inherit (node --import tsx main.ts).'
    );
  }
  if (OUTSIDE_OF_RUNNER.test(message)) {
    return (
      "\nThreads load the file by Node's own loader, outside of the test runner: keep define() in a file that has no " +
      'tests and imports nothing of the runner.'
    );
  }
  return '';
}
