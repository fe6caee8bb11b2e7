// Contestants that call one long-lived thread: `open()` resolves with `call(name, args)` and `close()`.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { median } from '../lib/measure.js';
import { openBare } from '../workers/bare-inbox.js';
import * as pools from './pools.js';

const worker = (file) => new URL(`../workers/${file}`, import.meta.url);

/** A pool of one thread is a long-lived thread too. */
const single = (pool) => ({ name: pool.name, open: () => pool.open(1) });

export const nanolithService = {
  name: 'nanolith',
  async open() {
    const { oneOff } = await import('../workers/nanolith.js');
    const service = await oneOff.launchService();
    return { call: (name, args) => service.call({ name, params: args }), close: () => service.close() };
  },
};

export const nanolithJs = {
  name: 'nanolith 0.4.6',
  async open() {
    const { api } = await import('../workers/nanolith-js.js');
    const service = await api.launchService();
    return { call: (name, args) => service.call({ name, params: args }), close: () => service.close() };
  },
};

export const raw = {
  name: 'raw postMessage',
  async open() {
    const thread = new Worker(worker('raw.js'));
    const pending = new Map();
    let lastId = 0;
    thread.on('message', ({ id, result }) => {
      const resolve = pending.get(id);
      pending.delete(id);
      resolve(result);
    });
    const call = (name, args) =>
      new Promise((resolve) => {
        const id = ++lastId;
        pending.set(id, resolve);
        thread.postMessage({ id, name, args });
      });
    return { call, close: () => thread.terminate() };
  },
};

/**
 * What the native way takes by itself: two threads hand one number to each other through the inboxes that nanolith
 * uses, and look for it as nanolith looks, but with no promise, no names, and no codec. It has no `call`.
 */
export const bareNative = {
  name: 'bare native round trip',
  yardstick: true,
  async open() {
    const thread = new Worker(worker('bare-native.js'));
    let receive = (_number) => {};
    const inbox = openBare({ onNumber: (number) => receive(number) });
    thread.postMessage(inbox.id);
    const [peer] = await once(thread, 'message');

    /** As `serialUs`: the median of round trips one after the other, in microseconds. */
    function serialUs(trips) {
      const took = new Float64Array(trips);
      return new Promise((resolve, reject) => {
        let trip = 0;
        let startMs = 0;
        const begin = (number) => {
          startMs = performance.now();
          inbox.send(peer, number);
          inbox.expect();
        };
        receive = (number) => {
          if (number !== trip + 1) return reject(new Error(`got ${number}, not ${trip + 1}`));
          took[trip++] = (performance.now() - startMs) * 1000;
          if (trip === trips) return resolve(median(took));
          begin(trip);
        };
        begin(0);
      });
    }
    return { serialUs, close: () => thread.terminate() };
  },
};

export const comlink = {
  name: 'comlink',
  async open() {
    const { wrap } = await import('comlink');
    const { default: nodeEndpoint } = await import('comlink/dist/esm/node-adapter.mjs');
    const thread = new Worker(worker('comlink.js'));
    const remote = wrap(nodeEndpoint(thread));
    return { call: (name, args) => remote[name](...args), close: () => thread.terminate() };
  },
};

export const threads = {
  name: 'threads',
  async open() {
    const { spawn, Thread, Worker } = await import('threads');
    const remote = await spawn(new Worker('../workers/threads.js'));
    return { call: (name, args) => remote[name](...args), close: () => Thread.terminate(remote) };
  },
};

export const piscina = single(pools.piscina);
export const tinypool = single(pools.tinypool);
export const workerpool = single(pools.workerpool);
export const poolifier = single(pools.poolifier);

export const all = [nanolithService, nanolithJs, raw, piscina, tinypool, workerpool, poolifier, comlink, threads];
