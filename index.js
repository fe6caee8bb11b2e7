// On a nanolith thread there is one nanolith, even where a loader makes a second copy of it, as tsx does for CommonJS files:
// only the copy that the thread started with is that thread's agent, and what a definitions file defines must be found there.
import * as own from './lib/exports.js';

export const {
  ConcurrencyOption,
  define,
  DuplicateIdentifierError,
  LoadError,
  Messenger,
  MessengerClosedError,
  messengers,
  MessengerTimeoutError,
  NestingError,
  NoParentError,
  NoServiceError,
  OwnerEndedError,
  parent,
  PlatformError,
  pool,
  PoolExceededError,
  SafeModeError,
  Service,
  ServiceClosedError,
  ServiceCluster,
  StreamTimeoutError,
  StreamUnclaimedError,
  UnknownTaskError,
  WorkerExitedError,
} = /** @type {typeof own} */ (Reflect.get(globalThis, Symbol.for('nanolith')) ?? own);
