export { ServiceCluster } from './lib/cluster.js';
export { define } from './lib/define.js';
export {
  DuplicateIdentifierError,
  LoadError,
  MessengerClosedError,
  MessengerTimeoutError,
  NestingError,
  NoParentError,
  OwnerEndedError,
  PlatformError,
  PoolExceededError,
  SafeModeError,
  ServiceClosedError,
  StreamTimeoutError,
  StreamUnclaimedError,
  UnknownTaskError,
  WorkerExitedError,
} from './lib/errors.js';
export { Messenger } from './lib/messenger.js';
export { messengers } from './lib/messengers.js';
export { parent } from './lib/parent.js';
export { ConcurrencyOption, pool } from './lib/pool.js';
export { Service } from './lib/service.js';
