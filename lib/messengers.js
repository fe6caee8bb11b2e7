// The messengers that were attached to this thread: with its launch, or later with sendMessenger.

import { clearTimeout, setTimeout } from 'node:timers';

import { started } from './agent.js';
import { validateMessengerName, validateSignalOptions } from './arguments.js';
import { MessengerClosedError, MessengerTimeoutError, NoParentError } from './errors.js';
import { Messenger } from './messenger.js';
import { isService } from './role.js';
import { onAbort } from './signals.js';

/** How long `use` waits for a messenger to be brought, in milliseconds. */
const USE_MS = 10_000;

/** How many names of closed messengers `use` remembers. */
const MAX_CLOSED = 100;

/** Those that are open. @type {Map<string, Messenger>} */
const attached = new Map();
/** The names of the others, the latest closed last. @type {Set<string>} */
const closed = new Set();
/** Who waits for a messenger, by its name. @type {Map<string, Set<(messenger: Messenger) => void>>} */
const waiting = new Map();

/**
 * Attaches the messenger of this name, unless it is attached already.
 * @param {string} name
 */
export function attach(name) {
  if (attached.has(name)) return;
  const messenger = new Messenger(name);
  attached.set(name, messenger);
  closed.delete(name);
  Messenger.onClosed(messenger, () => rememberClosed(name));
  for (const found of waiting.get(name) ?? []) found(messenger);
}

/**
 * A service may be given any number of messengers, so of those that are closed the names remain, and only of the latest.
 * @param {string} name
 */
function rememberClosed(name) {
  attached.delete(name);
  closed.add(name);
  const [oldest] = closed;
  if (closed.size > MAX_CLOSED) closed.delete(oldest);
}

/**
 * Attaches the messengers that a request names. Returns the names.
 * @param {import('./codec/reader.js').Reader} reader
 */
export function receiveMessengers(reader) {
  const count = reader.u32();
  if (count === 0) return NONE;
  const names = Array.from({ length: count }, () => reader.text());
  for (const name of names) attach(name);
  return names;
}

/** @type {string[]} */
const NONE = [];

/**
 * A warm task is over: its messengers leave with it.
 * @param {string[]} names
 */
export function returnMessengers(names) {
  for (const name of names) {
    attached.get(name)?.close();
    closed.delete(name);
  }
}

/** See `index.d.ts`. */
export const messengers = Object.freeze({
  /** @param {string} name @param {{ signal?: AbortSignal }} [options] */
  use(name, options) {
    assertThread();
    return use(name, options);
  },

  seek() {
    assertThread();
    return Object.fromEntries(attached);
  },
});

/**
 * @param {string} name
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Messenger>}
 */
async function use(name, options) {
  validateMessengerName(name);
  validateSignalOptions(options);
  const signal = options?.signal;
  if (signal?.aborted) throw signal.reason;
  const known = attached.get(name);
  if (known !== undefined) return known;
  if (closed.has(name)) throw new MessengerClosedError(`The messenger '${name}' has been closed.`);
  if (!isService()) {
    throw new MessengerTimeoutError(
      `No messenger '${name}' came with this task, and nothing can bring one later: pass it in \`messengers\`.`,
    );
  }
  return new Promise((resolve, reject) => {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const waiters = waiting.get(name) ?? new Set();
    const settle = () => {
      clearTimeout(timer);
      unlisten?.();
      waiters.delete(found);
      if (waiters.size === 0) waiting.delete(name);
    };
    const found = (/** @type {Messenger} */ messenger) => {
      settle();
      resolve(messenger);
    };
    // First: a signal may be anybody's object, and what it throws must leave nothing behind.
    const unlisten =
      signal &&
      onAbort(signal, (reason) => {
        settle();
        reject(reason);
      });
    timer = setTimeout(() => {
      settle();
      reject(new MessengerTimeoutError(`No messenger '${name}' was brought within ${USE_MS / 1000} seconds.`));
    }, USE_MS);
    waiters.add(found);
    waiting.set(name, waiters);
  });
}

function assertThread() {
  if (started === undefined) {
    throw new NoParentError('messengers works on the threads that nanolith started; this is none.');
  }
}
