// Contestants that start a fresh thread for every task: `open(threads)` resolves with `call()`, which adds 4 and 5, and
// `close()`.

import { Worker } from 'node:worker_threads';

const worker = (file) => new URL(`../workers/${file}`, import.meta.url);

export const nanolithOneOff = {
  name: 'nanolith',
  async open(threads) {
    const [{ pool }, { oneOff }] = await Promise.all([import('../../dist/index.js'), import('../workers/nanolith.js')]);
    pool.setConcurrency(threads);
    return { call: () => oneOff({ name: 'add', params: [4, 5] }), close() {} };
  },
};

export const nanolithJs = {
  name: 'nanolith 0.4.6',
  async open() {
    // It keeps its default, two threads a core, which serves it better than the one that the others get.
    const { api } = await import('../workers/nanolith-js.js');
    return { call: () => api({ name: 'add', params: [4, 5] }), close() {} };
  },
};

export const tinypoolIsolated = {
  name: 'tinypool, isolateWorkers',
  async open(threads) {
    const { Tinypool } = await import('tinypool');
    const pool = new Tinypool({
      filename: worker('by-export.js').href,
      isolateWorkers: true,
      minThreads: threads,
      maxThreads: threads,
    });
    return { call: () => pool.run([4, 5], { name: 'add' }), close: () => pool.destroy() };
  },
};

export const bareToMessage = {
  name: 'bare Worker, to its message',
  yardstick: true,
  async open() {
    return { call: () => bare('message'), close() {} };
  },
};

export const bareToExit = {
  name: 'bare Worker, to exit',
  yardstick: true,
  async open() {
    return { call: () => bare('exit'), close() {} };
  },
};

function bare(until) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(worker('one-line.mjs'));
    let result;
    thread.on('error', reject);
    thread.on('message', (message) => {
      result = message;
      if (until === 'message') resolve(result);
    });
    thread.on('exit', () => resolve(result));
  });
}
