// Launching a service: a slot, a thread, its file and its initializer; or nothing at all.

import { setImmediate } from 'node:timers';

import { agent, on, writer } from './agent.js';
import { validateLaunchOptions } from './arguments.js';
import { find, leave } from './calls.js';
import { writeValueApart } from './hosts.js';
import { native } from './native.js';
import { READY, RUN, SERVICE } from './protocol.js';
import { Service } from './service.js';
import { flags, refuseWhileLoading, submit, writeMessengers } from './tasks.js';
import { nameOf, Thread } from './threads.js';

const INITIALIZER = '__initializeService';

/**
 * @param {import('./tasks.js').TaskSet} set
 * @param {import('../index.d.ts').ServiceWorkerOptions} [options]
 * @returns {Promise<Service>}
 */
export async function launch(set, options = {}) {
  validateLaunchOptions(options);
  refuseWhileLoading(set);
  const atom = native.atom(INITIALIZER);
  return submit(options, (call) => {
    const start = writer.position;
    try {
      writer.u8(RUN);
      writer.u32(call.id);
      writer.u8(SERVICE);
      writer.text(set.file);
      writer.text(set.identifier);
      writer.text(INITIALIZER);
      writeMessengers(options.messengers);
      writeValueApart(undefined);
      call.granted = () => begin(call, set, options);
      return agent.submit(SERVICE, set.number, atom, call.id, flags(options), start, writer.position - start);
    } finally {
      writer.position = start;
    }
  });
}

/**
 * The service has its slot: starts its thread.
 * @param {import('./calls.js').Call} call
 * @param {import('./tasks.js').TaskSet} set
 * @param {import('../index.d.ts').ServiceWorkerOptions} options
 */
function begin(call, set, options) {
  const placed = native.place(agent.id, call.key, false);
  if (placed === null) return;
  try {
    const how = { name: nameOf(set.file, set.identifier || 'service'), options: options.options };
    call.thread = new Thread(placed.thread, placed.token, how);
  } catch (error) {
    if (leave(call)) call.reject(error);
    return;
  }
  call.service = new Service(call.thread, set, options);
}

on(READY, (reader) => {
  const call = find(reader.u32());
  if (call === undefined || !leave(call)) return;
  const { service } = call;
  service.launched();
  call.resolve(service);
  // The caller's continuation adds its listeners first: promises settle before the next immediate.
  setImmediate(() => service.deliverEarly());
});
