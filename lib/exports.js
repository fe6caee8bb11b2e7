export { ServiceCluster } from './cluster.js';
export { define } from './define.js';
export {
  DuplicateIdentifierError,
  LoadError,
  MessengerClosedError,
  MessengerTimeoutError,
  NestingError,
  NoParentError,
  NoServiceError,
  OwnerEndedError,
  PlatformError,
  PoolExceededError,
  SafeModeError,
  ServiceClosedError,
  StreamTimeoutError,
  StreamUnclaimedError,
  UnknownTaskError,
  WorkerExitedError,
} from './errors.js';
export { Messenger } from './messenger.js';
export { messengers } from './messengers.js';
export { parent } from './parent.js';
export { ConcurrencyOption, pool } from './pool.js';
export { Service } from './service.js';
