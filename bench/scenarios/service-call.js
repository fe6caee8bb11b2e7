import { burstRate, figure, inTurn, serialUs } from '../lib/measure.js';
import * as services from '../peers/services.js';

export const title = 'Calls to one long-lived thread';

const smallObject = { id: 4711, name: 'Ada Lovelace', active: true };

/** About 1 KiB as JSON: an order with a few lines. */
const record = {
  id: 'a3f1c2d4-0b1e-4f57-9a62-7f0d6d1f8c11',
  customer: { name: 'Grace Hopper', mail: 'grace@example.org', since: 1952, tags: ['vip', 'navy', 'compiler'] },
  lines: Array.from({ length: 9 }, (_, i) => ({
    article: `SKU-${1000 + i}`,
    text: 'A bolt of the usual kind',
    count: i + 1,
    price: 12.5 * (i + 1),
    taxed: i % 2 === 0,
  })),
  total: 562.5,
  paid: false,
  note: null,
};

export async function run({ rounds, scale, choose }) {
  const SERIAL = scale(2_000, 300);
  const BURST = scale(10_000, 2_000);
  const ROUNDS = rounds(9);
  const contestants = choose(services.all);
  const raw = services.raw.name;
  const bytes = JSON.stringify(record).length;

  /** Both figures of one kind of argument. `bare`: what has no calls, only round trips one after the other. */
  async function figures(id, what, name, args, { headline, bare = [], serialTargets, burstTargets }) {
    const measured = await inTurn([...contestants, ...bare], {
      rounds: ROUNDS,
      async round(open) {
        if (open.call === undefined) return { serial: await open.serialUs(SERIAL) };
        return {
          serial: await serialUs(() => open.call(name, args), SERIAL),
          burst: await burstRate(() => open.call(name, args), BURST),
        };
      },
    });
    const callers = measured.filter(({ name }) => contestants.some((contestant) => contestant.name === name));
    return [
      figure(
        {
          id: `${id}-serial`,
          title: `${what}, one after the other`,
          unit: 'us',
          better: 'lower',
          ...(headline && { headline: `${headline}, one after the other` }),
          targets: serialTargets,
        },
        measured,
        ({ serial }) => serial,
      ),
      figure(
        {
          id: `${id}-burst`,
          title: `${what}, ${BURST.toLocaleString('en-US')} in a burst`,
          unit: 'calls/s',
          better: 'higher',
          ...(headline && { headline: `${headline}, in a burst` }),
          targets: burstTargets,
        },
        callers,
        ({ burst }) => burst,
      ),
    ];
  }

  const peers = services.all.map(({ name }) => name).filter((name) => name !== 'nanolith' && name !== raw);
  const ahead = [{ times: 1, of: 'best' }];
  return {
    constants: { ROUNDS, SERIAL, BURST },
    figures: [
      ...(await figures('numbers', 'Two numbers', 'add', [4, 5], {
        headline: 'Calls of a service',
        bare: choose([services.bareNative]),
        serialTargets: [
          { times: 12, of: 'best' },
          { within: 3, of: [services.bareNative.name] },
        ],
        burstTargets: [
          { times: 3.5, of: peers },
          { times: 2.2, of: [raw] },
        ],
      })),
      ...(await figures('object', 'A small object there and back', 'echo', [smallObject], {
        serialTargets: ahead,
        burstTargets: ahead,
      })),
      ...(await figures('record', `An order of ${bytes} bytes of JSON there and back`, 'echo', [record], {
        serialTargets: ahead,
        burstTargets: ahead,
      })),
    ],
  };
}
