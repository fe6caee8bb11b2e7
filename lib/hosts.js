// Host values: what only a MessagePort can carry (ports, SharedArrayBuffer, Blob, whatever is transferred).
//
// A value is written as `u8 carried, u32 thread, value`. Its host values, if it has any, go ahead of it through the port
// between this thread and its owner, which is never started: the receiver takes them out at the moment it reads the value.
// Both stay in one order because nothing is sent between the two: an answer that waits keeps its host values beside it.
// `thread` names the port: the thread that is not the owner. A task's host values are taken from the caller at once, before
// anybody knows which thread will run it: they travel in a port of their own.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

import { agent, reader, started, writer } from './agent.js';
import { CARRIED, CARRIED_APART, HOSTS, RELAY } from './protocol.js';

/** @typedef {import('node:worker_threads').MessagePort} MessagePort */
/** @typedef {readonly import('node:worker_threads').TransferListItem[]} TransferList */

/** The ports to the threads of this agent. @type {Map<number, MessagePort>} */
export const ports = new Map();

/** The options of the value that is being written, if it is not nested in another (by a getter that sends). */
const shared = { /** @type {unknown[]} */ hosts: [], transfer: undefined };
let writing = false;

/**
 * The port between this agent and one of its threads, or its owner.
 * @param {number} thread
 */
export function portOf(thread) {
  return thread === agent.id ? started?.port : ports.get(thread);
}

/**
 * Writes a value for the other end of `thread`'s port, and sends its host values ahead.
 * @param {unknown} value
 * @param {number} thread
 * @param {TransferList} [transferList]
 */
export function writeValue(value, thread, transferList) {
  const at = writer.position;
  const hosts = write(value, thread, transferList);
  if (hosts !== undefined) carry(at, hosts, portOf(thread), transferList);
}

/**
 * Writes the result of a call for its caller: the owner, or whoever called a warm thread. Returns its host values, if it
 * has any: they go by `sendHosts`, right before the answer does.
 * @param {unknown} value
 */
export function writeResultValue(value) {
  const at = writer.position;
  const hosts = write(value, agent.id, undefined);
  if (hosts === undefined) return undefined;
  if (portToCaller() === undefined) throw withoutPort();
  writer.bytes[at] = CARRIED;
  return hosts;
}

/**
 * Writes what was thrown for the caller, less what cannot be sent to it. Returns its host values as `writeResultValue` does.
 * @param {unknown} thrown
 */
export function writeThrownValue(thrown) {
  const at = writer.position;
  /** @type {unknown[]} */
  const hosts = [];
  writeLenient(thrown, portToCaller() && { hosts });
  if (hosts.length === 0) return undefined;
  writer.bytes[at] = CARRIED;
  return hosts;
}

/** Writes what was thrown and is sent at once, its host values too. Never throws. @param {unknown} thrown */
export function writeThrown(thrown) {
  const start = writer.position;
  try {
    const hosts = writeThrownValue(thrown);
    if (hosts !== undefined) sendHosts(hosts);
  } catch {
    // The platform refuses a host value after all: what was thrown matters more, and goes without.
    writer.position = start;
    writeLenient(thrown, undefined);
  }
}

/** @param {unknown} thrown @param {{ hosts: unknown[] } | undefined} options */
function writeLenient(thrown, options) {
  writer.u8(0);
  writer.u32(agent.id);
  writer.thrown(thrown, options);
}

/** Sends the host values of an answer to its caller. @param {unknown[]} hosts */
export function sendHosts(hosts) {
  const port = portToCaller();
  if (port === undefined) throw withoutPort();
  port.postMessage(hosts);
}

/** Only the owner has a port. */
function portToCaller() {
  return agent.callerID() === agent.owner ? portOf(agent.id) : undefined;
}

/**
 * Sends host values ahead of the value written at `at`.
 * @param {number} at
 * @param {unknown[]} hosts
 * @param {MessagePort | undefined} port
 * @param {TransferList} [transferList]
 */
function carry(at, hosts, port, transferList) {
  if (port === undefined) throw withoutPort();
  port.postMessage(hosts, transferList);
  writer.bytes[at] = CARRIED;
}

function withoutPort() {
  return new DOMException(
    'What only a MessagePort can carry cannot be sent to a thread with which this one has no port.',
    'DataCloneError',
  );
}

/**
 * Writes a call's parameters for the other end of `thread`'s port.
 * @param {readonly unknown[]} params
 * @param {number} thread
 * @param {TransferList} [transferList]
 */
export function writeParams(params, thread, transferList) {
  if (transferList !== undefined || !writePrimitives(params, thread)) writeValue(params, thread, transferList);
}

/**
 * @param {readonly unknown[]} params
 * @param {number} thread
 */
function writePrimitives(params, thread) {
  const start = writer.position;
  writer.u8(0);
  writer.u32(thread);
  if (writer.primitives(params)) return true;
  writer.position = start;
  return false;
}

/**
 * Writes a call's parameters for a thread that is not known yet. Returns the port that has their host values, if there
 * are any; the thread gets that by `sendCarrier`.
 * @param {readonly unknown[]} params
 * @param {TransferList} [transferList]
 */
export function writeParamsApart(params, transferList) {
  if (transferList === undefined && writePrimitives(params, 0)) return undefined;
  const at = writer.position;
  const hosts = write(params, 0, transferList);
  if (hosts === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(hosts, transferList);
  } catch (error) {
    port1.close();
    throw error;
  }
  writer.bytes[at] = CARRIED_APART;
  return port2;
}

/**
 * @param {unknown} value
 * @param {number} thread
 * @param {TransferList | undefined} transferList
 */
function write(value, thread, transferList) {
  writer.u8(0);
  writer.u32(thread);
  if (transferList === undefined && !writing) {
    writing = true;
    try {
      writer.value(value, shared);
      return shared.hosts.length === 0 ? undefined : shared.hosts;
    } finally {
      writing = false;
      if (shared.hosts.length > 0) shared.hosts = [];
    }
  }
  const options = { hosts: [], transfer: transferList && new Set(transferList) };
  writer.value(value, options);
  return options.hosts.length === 0 && !transferList?.length ? undefined : options.hosts;
}

/**
 * Reads a value that `writeValue` wrote.
 * @param {import('./codec/reader.js').Reader} reader
 */
export function readValue(reader) {
  const carried = reader.u8();
  const thread = reader.u32();
  if (carried === 0) return reader.value();
  return reader.value(carried === CARRIED_APART ? takeApart(take(agent.id)) : take(thread));
}

/**
 * Reads what `writeThrown` wrote, or else why it cannot be read.
 * @param {import('./codec/reader.js').Reader} reader
 */
export function readThrown(reader) {
  const carried = reader.u8();
  const thread = reader.u32();
  return reader.thrown(carried === CARRIED ? take(thread) : undefined);
}

/**
 * Whether the host values of the value that comes next are still with the caller.
 * @param {import('./codec/reader.js').Reader} reader
 */
export function isApart(reader) {
  const carried = reader.u8();
  reader.position -= 1;
  return carried === CARRIED_APART;
}

/**
 * Reads a value whose host values have arrived.
 * @param {Uint8Array} written what `writeParamsApart` wrote
 * @param {unknown[]} hosts
 */
export function readApart(written, hosts) {
  reader.attach(written);
  reader.u8();
  reader.u32();
  return reader.value(hosts);
}

/**
 * Drops the host values of a value that nobody waits for any more.
 * @param {import('./codec/reader.js').Reader} reader
 */
export function dropValue(reader) {
  const carried = reader.u8();
  const thread = reader.u32();
  if (carried === CARRIED) take(thread);
}

/**
 * The next message of a thread's port.
 * @param {number} thread
 */
export function take(thread) {
  const port = portOf(thread);
  return port && receiveMessageOnPort(port)?.message;
}

/**
 * The host values that a port of their own brought.
 * @param {MessagePort} port
 * @returns {unknown[]}
 */
export function takeApart(port) {
  const hosts = receiveMessageOnPort(port)?.message;
  port.close();
  return hosts;
}

/**
 * Brings the port with a call's host values to the thread that runs the call: directly to a thread of this agent, else by
 * way of the owner (warm threads are the root's).
 * @param {number} thread
 * @param {number} call
 * @param {number} caller
 * @param {MessagePort} carrier
 */
export function sendCarrier(thread, call, caller, carrier) {
  const start = writer.position;
  const port = ports.get(thread);
  if (port !== undefined) {
    port.postMessage(carrier, [carrier]);
    writer.u8(HOSTS);
    writer.u32(call);
    writer.u32(caller);
    agent.send(thread, start, writer.position - start);
  } else if (started !== undefined) {
    started.port.postMessage(carrier, [carrier]);
    writer.u8(RELAY);
    writer.u32(thread);
    writer.u32(call);
    writer.u32(caller);
    writer.u32(agent.id);
    agent.send(agent.owner, start, writer.position - start);
  } else {
    // The thread has ended.
    carrier.close();
  }
  writer.position = start;
}
