// What the tests of services, clusters and messengers share.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';

import { pool } from '../index.js';
import { native } from '../lib/native.js';
import { living, until, within } from './helpers.js';

/**
 * Launches a service for one test, and closes it whatever happens.
 * @template T
 * @param {{ launchService: (options?: any) => Promise<any> }} set
 * @param {object | undefined} options
 * @param {(service: any) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withService(set, options, use) {
  const service = await within(set.launchService(options));
  try {
    return await use(service);
  } finally {
    await within(service.close());
  }
}

/** @param {AbortSignal} signal */
export const listenersOf = (signal) => getEventListeners(signal, 'abort').length;

/** The promise's outcome so far: `pending` until it has settled. @param {Promise<unknown>} promise */
export async function stateOf(promise) {
  const pending = Symbol('pending');
  try {
    const value = await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))]);
    return value === pending ? 'pending' : 'resolved';
  } catch {
    return 'rejected';
  }
}

/** What a line or a messenger hears from now on. @param {{ onMessage: (callback: (data: any) => void) => () => void }} end */
export function hear(end) {
  /** @type {any[]} */
  const heard = [];
  end.onMessage((data) => heard.push(data));
  return heard;
}

/** @param {{ onMessage: Function }} end @param {any[]} heard @param {number} count */
export async function heardCount(heard, count) {
  await until(() => heard.length >= count);
  return heard;
}

const subscriptions = native.livingSubscriptions();

/** The last test of a file: whatever its tests did, nothing of it is left. */
export function nothingLeft() {
  describe('afterwards', () => {
    it('nothing is left: no slots, no waiting items, no threads, no subscriptions', async () => {
      await until(() => pool.idle);
      assert.equal(pool.activeCount, 0);
      assert.equal(pool.queueLength, 0);
      await until(() => living() <= 1 + native.poolCounts(1).ready);
      await until(() => native.livingSubscriptions() === subscriptions);
    });
  });
}
