// The line between a service and its owner: messages and streams, the same at both ends.

import { agent, on, writer } from './agent.js';
import { validateTransferList } from './arguments.js';
import { ServiceClosedError } from './errors.js';
import { dropValue, readValue, writeValue } from './hosts.js';
import { Listeners } from './listeners.js';
import { MESSAGE } from './protocol.js';

/** The lines of this agent, by the thread that is not the owner. @type {Map<number, Line>} */
export const lines = new Map();

/** One end of a line. */
export class Line {
  #listeners = new Listeners();
  #closed = false;
  /** What arrived before anybody could listen. @type {unknown[] | undefined} */
  #early;

  /**
   * @param {number} thread the service
   * @param {number} peer the agent at the other end
   */
  constructor(thread, peer) {
    this.thread = thread;
    this.peer = peer;
    lines.set(thread, this);
  }

  get closed() {
    return this.#closed;
  }

  /**
   * Sends a value to the other end.
   * @param {unknown} data
   * @param {import('./hosts.js').TransferList} [transferList]
   */
  sendMessage(data, transferList) {
    this.assertOpen();
    validateTransferList(transferList);
    const start = writer.position;
    try {
      writer.u8(MESSAGE);
      writer.u32(this.thread);
      writeValue(data, this.thread, transferList);
      agent.send(this.peer, start, writer.position - start);
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

  /**
   * @param {(data: any) => boolean | Promise<boolean>} predicate
   * @param {{ signal?: AbortSignal }} [options]
   */
  waitForMessage(predicate, options) {
    return this.#listeners.wait(predicate, options);
  }

  /** Throws on a line that has ended. */
  assertOpen() {
    if (this.#closed) throw closedError();
  }

  /** Keeps what arrives until `deliverEarly`. */
  keepEarly() {
    this.#early = [];
  }

  deliverEarly() {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const data of early) this.#listeners.emit(data);
  }

  /** @param {unknown} data */
  receive(data) {
    if (this.#early) this.#early.push(data);
    else this.#listeners.emit(data);
  }

  /** Ends this end: what waits here rejects. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    lines.delete(this.thread);
    this.#listeners.close(closedError);
  }
}

export function closedError() {
  return new ServiceClosedError('The service has been closed, or its thread has ended.');
}

on(MESSAGE, (reader) => {
  const line = lines.get(reader.u32());
  if (line === undefined) dropValue(reader);
  else line.receive(readValue(reader));
});
