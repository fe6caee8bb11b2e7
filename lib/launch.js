// Launching a service: a slot, a thread, its file and its initializer; or nothing at all.

import { agent, onInTurn, writer } from './agent.js';
import { messengerIDs, validateLaunchOptions } from './arguments.js';
import { fail, find, leave, open, ThreadCall } from './calls.js';
import { writeParamsApart } from './hosts.js';
import { native } from './native.js';
import { READY, SERVICE } from './protocol.js';
import { Service } from './service.js';
import { refuseWhileLoading, submit, writeRequest, writeRun } from './tasks.js';
import { nameOf, Thread } from './threads.js';

const INITIALIZER = '__initializeService';
const NO_PARAMS = /** @type {readonly unknown[]} */ (Object.freeze([]));

/**
 * @param {import('./tasks.js').TaskSet} set
 * @param {import('../index.d.ts').ServiceWorkerOptions} [options]
 * @returns {Promise<Service>}
 */
export function launch(set, options = {}) {
  validateLaunchOptions(options);
  refuseWhileLoading(set);
  if (options.signal?.aborted) throw options.signal.reason;
  // A launch that waits begins with what it was given, whatever becomes of the caller's object.
  const kept = { ...options, options: { ...options.options } };
  const messengers = messengerIDs(kept.messengers);
  const atom = native.atom(INITIALIZER);
  const call = new ThreadCall();
  const promise = open(call);
  const start = writer.position;
  try {
    writeRequest(call, SERVICE, set, atom, kept);
    writeRun(call, SERVICE, set, INITIALIZER, messengers);
    writeParamsApart(NO_PARAMS);
    call.granted = () => begin(call, set, kept);
    submit(call, start, { signal: kept.signal });
  } catch (error) {
    fail(call, error);
  } finally {
    writer.position = start;
  }
  return promise;
}

/**
 * The service has its slot: starts its thread.
 * @param {ThreadCall} call
 * @param {import('./tasks.js').TaskSet} set
 * @param {import('../index.d.ts').ServiceWorkerOptions} options
 */
function begin(call, set, options) {
  const placed = native.place(agent.id, call.key, false);
  if (placed === null) return;
  try {
    const how = { name: nameOf(set.file, set.identifier || 'service'), options: options.options };
    call.thread = new Thread(placed.thread, placed.token, how);
    call.thread.call = call;
    call.thread.serving = true;
  } catch (error) {
    fail(call, error);
    return;
  }
  const service = new Service(call.thread, set, options);
  call.service = service;
}

onInTurn(READY, (reader) => {
  const call = find(reader.u32());
  if (!(call instanceof ThreadCall) || call.service === undefined || !leave(call)) return;
  const { service } = call;
  service.launched();
  call.resolve(service);
});
