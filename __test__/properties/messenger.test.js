// Random channels: every instance hears all that the others send, in the order of each sender, equal to what
// structuredClone makes of it, and never itself; what is refused shifts nothing.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { Messenger, pool } from '../../index.js';
import { mirrors } from '../fixtures/mirrors.js';
import { until, within } from '../helpers.js';
import { hear, nothingLeft } from '../service-helpers.js';
import { print } from './print.js';
import { check } from './settings.js';
import { build, recipe } from './values.js';

pool.setConcurrency(4);

const HERE = 2;
const THERE = 2;
const platform = (/** @type {unknown} */ value) => print(value, { platform: true });

describe('random values through a Messenger', () => {
  /** @type {any[]} */
  let services = [];
  before(async () => {
    services = await within(Promise.all([mirrors.launchService(), mirrors.launchService()]));
  });
  after(() => within(Promise.all(services.map((service) => service.close()))));

  it('reach every other instance on every thread, complete and in the order of each sender', async () => {
    let round = 0;
    await check(
      fc.asyncProperty(
        // Who sends, and what: the first instances are this thread's, the others the services'.
        fc.array(
          fc.record({
            sender: fc.nat(HERE + 2 * THERE - 1),
            recipe: recipe({ errors: 'none', refused: true, maxNodes: 6 }),
          }),
          { maxLength: 20 },
        ),
        async (broadcasts) => {
          const name = `channel ${(round += 1)}`;
          const own = Array.from({ length: HERE }, () => new Messenger(name));
          const heardHere = own.map(hear);
          await within(Promise.all(services.map((service) => service.call({ name: 'join', params: [name, THERE] }))));
          /** @type {string[][]} What each sender has sent. */
          const sent = Array.from({ length: HERE + 2 * THERE }, () => []);
          /** @type {Promise<unknown>[]} */
          const sending = [];
          for (const { sender, recipe } of broadcasts) {
            const value = build(recipe);
            let text;
            try {
              text = platform(structuredClone({ sender, value }));
            } catch {
              assert.throws(() => own[0].sendMessage({ sender, value }), { name: 'DataCloneError' });
              continue;
            }
            sent[sender].push(text);
            if (sender < HERE) own[sender].sendMessage({ sender, value });
            else {
              const service = services[Math.floor((sender - HERE) / THERE)];
              const params = [name, (sender - HERE) % THERE, [{ sender, value }]];
              sending.push(service.call({ name: 'broadcast', params }));
            }
          }
          await within(Promise.all(sending));
          const total = sent.flat().length;
          for (let instance = 0; instance < sent.length; instance++) {
            const wanted = total - sent[instance].length;
            const heard = await heardBy(instance);
            for (const [sender, texts] of sent.entries()) {
              const from = heard.filter((message) => message.sender === sender).map(platform);
              assert.deepEqual(from, sender === instance ? [] : texts, `instance ${instance}, sender ${sender}`);
            }
            assert.equal(heard.length, wanted);

            async function heardBy(/** @type {number} */ instance) {
              /** @type {any[]} */
              let heard = [];
              await until(async () => {
                heard = instance < HERE ? heardHere[instance] : await heardThere(instance - HERE);
                return heard.length >= wanted;
              });
              return heard;
            }
          }
          for (const messenger of own) messenger.close();
          await within(Promise.all(services.map((service) => service.call({ name: 'leave', params: [name, THERE] }))));

          function heardThere(/** @type {number} */ at) {
            return services[Math.floor(at / THERE)].call({ name: 'heard', params: [name, at % THERE] });
          }
        },
      ),
      40,
    );
  });
});

nothingLeft();
