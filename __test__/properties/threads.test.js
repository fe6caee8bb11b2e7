// Random values, transfer lists and orders through calls and messages: everything arrives complete, in order, and equal to
// what structuredClone makes of it; what is refused shifts nothing that follows.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { pool } from '../../index.js';
import { mirrors, warmMirrors } from '../fixtures/mirrors.js';
import { poolIdle, until, within } from '../helpers.js';
import { nothingLeft } from '../service-helpers.js';
import { print } from './print.js';
import { check } from './settings.js';
import { buildAll, recipe } from './values.js';

pool.setConcurrency(4);

/** A value, and which of its buffers are transferred; one that is named twice spoils the list. */
const parcel = fc.record({
  recipe: recipe({ errors: 'none', refused: true, maxNodes: 10 }),
  transfer: fc.option(fc.array(fc.nat(5), { maxLength: 3 }), { freq: 2 }),
});

/** @typedef {{ recipe: import('./values.js').Recipe, transfer: number[] | null }} Parcel */

/** @param {Parcel} parcel */
function unpack({ recipe, transfer }) {
  const { value, buffers } = buildAll(recipe);
  const transferList = transfer?.flatMap((at) => (buffers.length > 0 ? [buffers[at % buffers.length]] : []));
  return { value, buffers, transferList };
}

/** What the platform makes of it: the print of its copy, and which buffers it detached; or its refusal. @param {Parcel} parcel */
function expected(parcel) {
  const { value, buffers, transferList } = unpack(parcel);
  try {
    const text = platform(structuredClone(value, { transfer: transferList ?? [] }));
    return { text, lengths: buffers.map((buffer) => buffer.byteLength) };
  } catch (error) {
    return { refused: nameOf(error), lengths: buffers.map((buffer) => buffer.byteLength) };
  }
}

const platform = (/** @type {unknown} */ value) => print(value, { platform: true });
const nameOf = (/** @type {unknown} */ error) => {
  assert.ok(error instanceof DOMException, String(error));
  return error.name;
};

/** What sending it came to, in the same form. @param {Parcel} parcel @param {(value: any, transferList: any) => any} send */
async function actual(parcel, send) {
  const { value, buffers, transferList } = unpack(parcel);
  const lengths = () => buffers.map((buffer) => buffer.byteLength);
  let sent;
  try {
    sent = send(value, transferList);
    const text = platform(await within(sent));
    return { text, lengths: lengths() };
  } catch (error) {
    return { refused: nameOf(error), lengths: lengths() };
  }
}

describe('random parcels through calls', () => {
  /** @type {Awaited<ReturnType<typeof mirrors.launchService>>} */
  let service;
  before(async () => {
    service = await within(mirrors.launchService());
    await service.call({ name: 'mirror' });
  });
  after(() => within(service.close()));

  /** @type {[string, (options: any) => Promise<any>, number][]} */
  const ways = [
    ['one-off tasks', mirrors, 4],
    ['warm tasks', warmMirrors, 60],
    ['a service', (options) => service.call(options), 60],
  ];
  for (const [title, call, runs] of ways) {
    it(`of ${title} come back as structuredClone makes them, all at once`, async () => {
      await check(
        fc.asyncProperty(fc.array(parcel, { minLength: 1, maxLength: 8 }), fc.boolean(), async (parcels, later) => {
          const name = later ? 'echoLater' : 'echo';
          const send = (/** @type {any} */ value, /** @type {any} */ transferList) =>
            call({ name, params: [value], transferList }).then(([back]) => back);
          const outcomes = await Promise.all(parcels.map((parcel) => actual(parcel, send)));
          assert.deepEqual(outcomes, parcels.map(expected));
        }),
        runs,
      );
      await poolIdleButServices();
    });
  }

  it('of a service and its messages keep one order, both ways, whatever is refused in between', async () => {
    await check(
      fc.asyncProperty(fc.array(parcel, { minLength: 1, maxLength: 12 }), fc.boolean(), async (parcels, calls) => {
        /** @type {string[]} */
        const order = [];
        const stop = service.onMessage((/** @type {any} */ { back }) => order.push(platform(back)));
        const wanted = parcels.map(expected);
        /** @type {Promise<unknown>[]} */
        const answers = [];
        for (const [i, parcel] of parcels.entries()) {
          const { value, buffers, transferList } = unpack(parcel);
          let refused;
          try {
            service.sendMessage(value, transferList);
          } catch (error) {
            refused = nameOf(error);
          }
          assert.equal(refused, wanted[i].refused);
          assert.deepEqual(
            buffers.map((buffer) => buffer.byteLength),
            wanted[i].lengths,
          );
          // A call in between: its answer comes after what was sent back before it.
          if (calls) {
            const before = wanted.slice(0, i + 1).filter(({ refused }) => refused === undefined).length;
            answers.push(
              service.call({ name: 'echo', params: [i] }).then((/** @type {any} */ echoed) => {
                assert.deepEqual(echoed, [i]);
                assert.ok(order.length >= before, `${order.length} of ${before} had come back before call ${i}`);
              }),
            );
          }
        }
        const arrive = wanted.flatMap(({ text }) => (text === undefined ? [] : [text]));
        await within(Promise.all(answers));
        await until(() => order.length >= arrive.length);
        stop();
        assert.deepEqual(order, arrive);
      }),
      60,
    );
  });

  /** Only the service that this suite holds runs. */
  async function poolIdleButServices() {
    await until(() => pool.activeCount <= 1 && pool.queueLength === 0);
    assert.equal(service.activeCalls, 0);
  }
});

describe('random values thrown', () => {
  it('by warm tasks arrive as they are, or as an error that says why not', async () => {
    await check(
      fc.asyncProperty(recipe({ errors: 'plain', refused: true, maxNodes: 8 }), async (recipe) => {
        const { value } = buildAll(recipe);
        let sendable = true;
        try {
          structuredClone(value);
        } catch {
          sendable = false;
        }
        if (!sendable) return;
        const reason = await within(warmMirrors({ name: 'throws', params: [value] })).then(
          () => assert.fail('it threw'),
          (reason) => reason,
        );
        // The stack of an error goes on with this thread's frames.
        const strip = (/** @type {unknown} */ thrown) => (thrown instanceof Error ? thrown.message : platform(thrown));
        assert.equal(strip(reason), strip(structuredClone(value)));
      }),
      100,
    );
    await poolIdle();
  });
});

nothingLeft();
