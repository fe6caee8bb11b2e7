// A second file, with a realm of its own: in the same process, in another, or on another thread.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pool } from 'nanolith';
import { counter, tasks, warm } from '../tasks.js';

let service;
beforeAll(async () => {
  service = await counter.launchService();
});
afterAll(() => service.close());

it('has a service of its own', async () => {
  service.sendMessage(1);
  await expect(service.waitForMessage(() => true)).resolves.toEqual({ calls: 1 });
  await expect(service.call({ name: 'value' })).resolves.toBe(1);
});

it('has a pool of its own', async () => {
  expect(pool.activeCount).toBe(1);
  const answers = [tasks({ name: 'describe', params: ['y'] }), warm({ name: 'square', params: [4] })];
  const [described, square] = await Promise.all(answers);
  expect(described).toBeInstanceOf(Object);
  expect(square).toBe(16);
  await expect(tasks({ name: 'fail' })).rejects.toThrow(TypeError);
});
