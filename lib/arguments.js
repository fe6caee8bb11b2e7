import { invalidArgument } from './errors.js';

/**
 * What the public surface checks. Each function throws a `TypeError` (`ERR_NANOLITH_INVALID_ARGUMENT`) for a
 * value of the wrong shape; for a right one it returns nothing, or what it is named by. Unknown keys are ignored, and an optional key
 * may be `undefined`. Platform objects are known by their shape, as a test runner's may be of another realm.
 *
 * The checks of calls run for every call: a few `typeof`s on the way through, messages only on the way out.
 */

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => typeof value === 'object' && value !== null;

/**
 * The definitions of `define`: a plain set of functions, hooks among them.
 * @param {unknown} definitions
 */
export function validateDefinitions(definitions) {
  if (!isObject(definitions) || Array.isArray(definitions)) {
    throw invalidArgument('definitions', 'an object of functions', definitions);
  }
  for (const name of Object.keys(definitions)) {
    const member = definitions[name];
    if (typeof member !== 'function') throw invalidArgument(`definitions.${name}`, 'a function', member);
    validateWellFormed(name, 'the name of a task');
  }
}

/**
 * The options of `define`.
 * @param {unknown} options
 */
export function validateDefineOptions(options) {
  if (options === undefined) return;
  validateOptions(options);
  const { identifier, file, safeMode, isolate, options: threadOptions } = options;
  if (identifier !== undefined && (typeof identifier !== 'string' || identifier === '')) {
    throw invalidArgument('identifier', 'a string that is not empty', identifier);
  }
  if (identifier !== undefined) validateWellFormed(identifier, 'identifier');
  if (file !== undefined && !(typeof file === 'string' ? isPath(file) : isFileUrl(file))) {
    throw invalidArgument('file', 'a path or a file: URL', file);
  }
  if (safeMode !== undefined) validateBoolean(safeMode, 'safeMode');
  if (isolate !== undefined) validateBoolean(isolate, 'isolate');
  if (threadOptions === undefined) return;
  if (isolate !== false) {
    throw invalidArgument('options', 'left to each call, unless isolate is false', threadOptions);
  }
  validateOptions(threadOptions);
}

/**
 * What a task is called with. Whether the set has a task of that name is for the caller to find out.
 * @param {unknown} call
 * @param {boolean} isolate as given to `define`
 */
export function validateTaskCall(call, isolate) {
  validateServiceCall(call);
  const { priority, reffed, options, messengers } = /** @type {Record<string, unknown>} */ (call);
  if (priority !== undefined && typeof priority !== 'boolean') {
    throw invalidArgument('priority', 'a boolean', priority);
  }
  if (reffed !== undefined && typeof reffed !== 'boolean') {
    throw invalidArgument('reffed', 'a boolean', reffed);
  }
  if (options !== undefined) {
    if (!isolate) throw invalidArgument('options', 'given to define, as isolate is false', options);
    validateOptions(options);
  }
  messengerIDs(messengers);
}

/**
 * What a service's task is called with.
 * @param {unknown} call
 */
export function validateServiceCall(call) {
  if (!isObject(call)) throw invalidArgument('call', 'an object with a name', call);
  const { name, params, signal, transferList } = call;
  if (typeof name !== 'string') throw invalidArgument('name', 'a string', name);
  if (params !== undefined && !Array.isArray(params)) throw invalidArgument('params', 'an array', params);
  if (signal !== undefined) validateSignal(signal);
  if (transferList !== undefined) validateTransferList(transferList);
}

/**
 * The options of `launchService`, and of a cluster's launches.
 * @param {unknown} options
 */
export function validateLaunchOptions(options) {
  if (options === undefined) return;
  validateOptions(options);
  const { exceptionHandler, priority, reffed, options: threadOptions, messengers, signal } = options;
  if (exceptionHandler !== undefined) validateFunction(exceptionHandler, 'exceptionHandler');
  if (priority !== undefined) validateBoolean(priority, 'priority');
  if (reffed !== undefined) validateBoolean(reffed, 'reffed');
  if (threadOptions !== undefined) validateOptions(threadOptions);
  messengerIDs(messengers);
  if (signal !== undefined) validateSignal(signal);
}

/**
 * A last argument `{ signal }`.
 * @param {unknown} options
 */
export function validateSignalOptions(options) {
  if (options === undefined) return;
  validateOptions(options);
  if (options.signal !== undefined) validateSignal(options.signal);
}

/** @param {unknown} signal */
export function validateSignal(signal) {
  const { aborted, addEventListener, removeEventListener } = isObject(signal) ? signal : {};
  const listens = typeof addEventListener === 'function' && typeof removeEventListener === 'function';
  if (typeof aborted !== 'boolean' || !listens) {
    throw invalidArgument('signal', 'an AbortSignal', signal);
  }
}

/**
 * A list of what to transfer; whether its members can be transferred is for the transfer to find out.
 * @param {unknown} transferList
 */
export function validateTransferList(transferList) {
  if (transferList === undefined) return;
  if (!Array.isArray(transferList)) throw invalidArgument('transferList', 'an array', transferList);
}

/** @type {readonly string[]} */
const NO_IDS = Object.freeze([]);

/**
 * The IDs of the Messengers that an option gives.
 * @param {unknown} messengers
 * @returns {readonly string[]}
 */
export function messengerIDs(messengers) {
  if (messengers === undefined) return NO_IDS;
  if (!Array.isArray(messengers)) throw invalidArgument('messengers', 'an array of Messengers', messengers);
  const IDs = [];
  for (let index = 0; index < messengers.length; index++) {
    IDs.push(messengerID(messengers[index], `messengers[${index}]`));
  }
  return IDs;
}

/**
 * The ID of a Messenger, which is known by its shape: another copy of nanolith may have made it. Its getter may be
 * anybody's, so what is checked here is what the caller gets and sends.
 * @param {unknown} messenger
 * @param {string} name
 */
export function messengerID(messenger, name = 'messenger') {
  const { ID, transfer } = isObject(messenger) ? messenger : {};
  if (typeof ID !== 'string' || typeof transfer !== 'function') throw invalidArgument(name, 'a Messenger', messenger);
  validateWellFormed(ID, `${name}.ID`);
  return ID;
}

/**
 * The metadata of a stream.
 * @param {unknown} metaData
 */
export function validateMetaData(metaData) {
  validateObject(metaData, 'metaData');
}

/**
 * What a `ServiceCluster` is made of.
 * @param {unknown} api
 */
export function validateApi(api) {
  if (typeof (/** @type {any} */ (api)?.launchService) !== 'function') {
    throw invalidArgument('api', 'what define() resolves with (await it)', api);
  }
}

/**
 * What `pool.setConcurrency` takes.
 * @param {unknown} concurrency
 * @param {Readonly<Record<string, string>>} options the `ConcurrencyOption`s
 */
export function validateConcurrency(concurrency, options) {
  if (typeof concurrency === 'number') {
    if (Number.isSafeInteger(concurrency) && concurrency > 0) return;
  } else if (typeof concurrency === 'string' && Object.values(options).includes(concurrency)) {
    return;
  }
  const expected = `a positive whole number or a ConcurrencyOption (${Object.keys(options).join(', ')})`;
  throw invalidArgument('concurrency', expected, concurrency);
}

/**
 * A number of services to launch, or of spares to keep.
 * @param {unknown} count
 * @param {string} name
 */
export function validateCount(count, name = 'count') {
  if (!Number.isSafeInteger(count) || Number(count) < 0) {
    throw invalidArgument(name, 'a whole number, 0 or more', count);
  }
}

/** @param {unknown} value @param {string} name */
export function validateFunction(value, name = 'callback') {
  if (typeof value !== 'function') throw invalidArgument(name, 'a function', value);
}

/** @param {unknown} value @param {string} name */
export function validateBoolean(value, name) {
  if (typeof value !== 'boolean') throw invalidArgument(name, 'a boolean', value);
}

/** The name of a messenger. @param {unknown} name */
export function validateMessengerName(name) {
  if (typeof name !== 'string') throw invalidArgument('name', 'a string', name);
  validateWellFormed(name, 'name');
}

/**
 * @param {unknown} options
 * @returns {asserts options is Record<string, unknown>}
 */
function validateOptions(options) {
  if (!isObject(options) || Array.isArray(options)) throw invalidArgument('options', 'an object', options);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {asserts value is Record<string, unknown>}
 */
export function validateObject(value, name) {
  if (!isObject(value)) throw invalidArgument(name, 'an object', value);
}

/** Half of a surrogate pair. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A text that the core knows something by, in UTF-8, where all halves of surrogate pairs are the same.
 * @param {string} text
 * @param {string} name
 */
function validateWellFormed(text, name) {
  if (LONE_SURROGATE.test(text)) throw invalidArgument(name, 'a string without halves of surrogate pairs', text);
}

/** What looks like a URL, and none of a file. */
const OTHER_URL = /^(?!file:)(?:[a-z][a-z\d+.-]+:\/\/|(?:data|blob|node):)/i;

/** @param {string} text */
const isPath = (text) => text !== '' && !OTHER_URL.test(text);

/** @param {unknown} value */
function isFileUrl(value) {
  return isObject(value) && typeof value.href === 'string' && value.protocol === 'file:';
}
