// A channel by name between any threads of the process. Who listens where, the core's hub knows.

import { agent, hold, onInTurn, release, writer } from './agent.js';
import { validateMessengerName } from './arguments.js';
import { invalidArgument, MessengerClosedError } from './errors.js';
import { Listeners } from './listeners.js';
import { native } from './native.js';
import { BROADCAST, MESSENGER_CLOSED } from './protocol.js';

/** The open instances of this agent, by subscription. @type {Map<number, Messenger>} */
const open = new Map();

/** See `index.d.ts`. */
export class Messenger {
  #ID;
  #uniqueKey = native.randomID();
  #listeners = new Listeners();
  #subscription;
  #closed = false;
  #reffed = false;
  /** What to do once when it closes. @type {(() => void) | undefined} */
  #onClosed;

  /** @param {string | { __messengerID: string }} [name] */
  constructor(name) {
    this.#ID = nameOf(name);
    this.#subscription = native.hubSubscribe(agent.id, this.#ID);
    open.set(this.#subscription, this);
  }

  get ID() {
    return this.#ID;
  }

  get uniqueKey() {
    return this.#uniqueKey;
  }

  /** @param {unknown} data @param {undefined} [transferList] there may be many receivers */
  sendMessage(data, transferList) {
    if (this.#closed) throw this.#closedError();
    if (transferList !== undefined) {
      throw new DOMException(
        'A Messenger has any number of receivers, so it takes no transferList: nothing can be moved to all of them.',
        'DataCloneError',
      );
    }
    const start = writer.position;
    try {
      writer.value(data);
      // Closed for all by another instance, whose word has not been read here yet.
      if (!agent.publish(this.#subscription, start, writer.position - start)) throw this.#closedError();
    } finally {
      writer.position = start;
    }
  }

  /** @param {(data: any) => void} callback */
  onMessage(callback) {
    return this.#listeners.add(callback);
  }

  /** @param {(data: any) => void} callback */
  offMessage(callback) {
    this.#listeners.remove(callback);
  }

  /** @param {(data: any) => boolean | Promise<boolean>} predicate @param {{ signal?: AbortSignal }} [options] */
  waitForMessage(predicate, options) {
    return this.#listeners.wait(predicate, options);
  }

  transfer() {
    return { __messengerID: this.#ID };
  }

  /** @param {boolean} reffed */
  setRef(reffed) {
    if (typeof reffed !== 'boolean') throw invalidArgument('reffed', 'a boolean', reffed);
    if (this.#closed || reffed === this.#reffed) return;
    this.#reffed = reffed;
    if (reffed) hold();
    else release();
  }

  close() {
    native.hubUnsubscribe(this.#subscription);
    this.#end();
  }

  closeAll() {
    native.hubCloseAll(this.#ID);
    this.#end();
  }

  #end() {
    if (this.#closed) return;
    this.setRef(false);
    this.#closed = true;
    open.delete(this.#subscription);
    this.#listeners.close(() => this.#closedError());
    this.#onClosed?.();
    this.#onClosed = undefined;
  }

  #closedError() {
    return new MessengerClosedError(`The messenger '${this.#ID}' has been closed.`);
  }

  /**
   * For who keeps it: what to do once when it closes, whoever closes it.
   * @param {Messenger} messenger
   * @param {() => void} onClosed
   */
  static onClosed(messenger, onClosed) {
    messenger.#onClosed = onClosed;
  }

  static {
    onInTurn(BROADCAST, (reader) => {
      const messenger = open.get(reader.u32());
      // One that was closed here meanwhile, or that nobody listens to: the message is dropped.
      if (messenger !== undefined && messenger.#listeners.size > 0) messenger.#listeners.emit(reader.value());
    });

    onInTurn(MESSENGER_CLOSED, (reader) => {
      const messenger = open.get(reader.u32());
      if (messenger !== undefined) messenger.#end();
    });
  }
}

/** @param {unknown} name */
function nameOf(name) {
  if (name === undefined) return native.randomID();
  const ID = typeof name === 'object' && name !== null ? Reflect.get(name, '__messengerID') : name;
  if (typeof ID !== 'string') {
    throw invalidArgument('name', 'a string, or what transfer() of another messenger returned', name);
  }
  validateMessengerName(ID);
  return ID;
}
