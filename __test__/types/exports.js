// What index.d.ts declares of the run-time exports. `tsc` compares these lists with the declarations, and
// exports.test.js compares them with the exports: what only one of the two has fails in one or the other.

/** @typedef {typeof import('../../index.js')} Declared */

/**
 * Every export and its kind.
 * @type {{
 *   readonly [N in keyof Declared]: Declared[N] extends (...params: never[]) => unknown
 *     ? 'function'
 *     : Declared[N] extends { prototype: object }
 *       ? 'class'
 *       : 'object'
 * }}
 */
export const declaredExports = {
  define: 'function',
  pool: 'object',
  parent: 'object',
  messengers: 'object',
  Messenger: 'class',
  Service: 'class',
  ServiceCluster: 'class',
  ConcurrencyOption: 'object',
  LoadError: 'class',
  WorkerExitedError: 'class',
  ServiceClosedError: 'class',
  OwnerEndedError: 'class',
  NestingError: 'class',
  NoParentError: 'class',
  MessengerClosedError: 'class',
  MessengerTimeoutError: 'class',
  StreamUnclaimedError: 'class',
  StreamTimeoutError: 'class',
  UnknownTaskError: 'class',
  SafeModeError: 'class',
  DuplicateIdentifierError: 'class',
  PoolExceededError: 'class',
  NoServiceError: 'class',
  PlatformError: 'class',
};

/**
 * The `code` of each error class.
 * @type {{
 *   readonly [N in keyof Declared as N extends `${string}Error` ? N : never]:
 *     Declared[N] extends { prototype: { name: N; code: infer Code } } ? Code : never
 * }}
 */
export const declaredCodes = {
  LoadError: 'ERR_NANOLITH_LOAD',
  WorkerExitedError: 'ERR_NANOLITH_WORKER_EXITED',
  ServiceClosedError: 'ERR_NANOLITH_SERVICE_CLOSED',
  OwnerEndedError: 'ERR_NANOLITH_OWNER_ENDED',
  NestingError: 'ERR_NANOLITH_NESTING',
  NoParentError: 'ERR_NANOLITH_NO_PARENT',
  MessengerClosedError: 'ERR_NANOLITH_MESSENGER_CLOSED',
  MessengerTimeoutError: 'ERR_NANOLITH_MESSENGER_TIMEOUT',
  StreamUnclaimedError: 'ERR_NANOLITH_STREAM_UNCLAIMED',
  StreamTimeoutError: 'ERR_NANOLITH_STREAM_TIMEOUT',
  UnknownTaskError: 'ERR_NANOLITH_UNKNOWN_TASK',
  SafeModeError: 'ERR_NANOLITH_SAFE_MODE',
  DuplicateIdentifierError: 'ERR_NANOLITH_DUPLICATE_IDENTIFIER',
  PoolExceededError: 'ERR_NANOLITH_POOL_EXCEEDED',
  NoServiceError: 'ERR_NANOLITH_NO_SERVICE',
  PlatformError: 'ERR_NANOLITH_PLATFORM',
};

/** @type {Declared['ConcurrencyOption']} */
export const declaredOptions = {
  Quarter: 'Quarter',
  Half: 'Half',
  Default: 'x1',
  x1: 'x1',
  x2: 'x2',
  x4: 'x4',
  x6: 'x6',
  x8: 'x8',
  x10: 'x10',
};
