import assert from 'node:assert/strict';
import { test } from 'node:test';

import { barsSpec } from '../../bench/lib/charts/bars.js';
import { factorsSpec } from '../../bench/lib/charts/factors.js';
import { linesSpec } from '../../bench/lib/charts/lines.js';
import { curve, figure } from '../../bench/lib/measure.js';

const measured = (name, samples, more) => ({ name, samples, ...more });
const bars = (...figures) => barsSpec({ title: 'Some scenario', figures }, ['where']).vconcat;
const rate = (...contestants) => figure({ title: 'Calls', unit: 'calls/s', better: 'higher' }, contestants);

test('bars: the best first, yardsticks last, what failed left out', () => {
  const [panel] = bars(
    rate(
      measured('slow', [10, 20, 30]),
      measured('bare', [900], { yardstick: true }),
      measured('nanolith', [60, 50, 40]),
      measured('broken', [], { failure: 'open: no' }),
    ),
  );
  assert.deepEqual(
    panel.data.values.map(({ contestant, low, median, high, kind, label }) => [
      contestant,
      low,
      median,
      high,
      kind,
      label,
    ]),
    [
      ['nanolith', 40, 50, 60, 'ours', '50.0'],
      ['slow', 10, 20, 30, 'peer', '20.0, 2.5× slower'],
      ['bare', 900, 900, 900, 'yardstick', '900, 18× faster'],
    ],
  );
  assert.deepEqual(panel.encoding.y.sort, ['nanolith', 'slow', 'bare']);
});

test('bars: a log scale where the spread asks for it, and said so; never with a zero', () => {
  const scaleOf = (panel) => [
    panel.layer[0].encoding.x.scale.type,
    panel.layer[0].encoding.x.scale.domain,
    /log scale/.test(panel.title.subtitle),
  ];
  const [even, spread, zero, lowZero] = bars(
    rate(measured('nanolith', [50]), measured('a', [20])),
    rate(measured('nanolith', [5000]), measured('a', [20])),
    rate(measured('nanolith', [5000]), measured('a', [0])),
    rate(measured('nanolith', [0, 1, 20]), measured('a', [60, 70, 150])),
  );
  assert.deepEqual(scaleOf(even), ['linear', [0, 50], false]);
  assert.deepEqual(scaleOf(spread), ['log', [10, 10_000], true]);
  assert.deepEqual(scaleOf(zero), ['linear', [0, 5000], false]);
  assert.deepEqual(scaleOf(lowZero), ['linear', [0, 150], false]);
});

test('bars: every panel has its place, and the caption comes last', () => {
  const panels = bars(rate(measured('nanolith', [1])), rate(measured('nanolith', [], { failure: 'no' })));
  assert.equal(panels.length, 2);
  assert.deepEqual(panels[1].mark.text, ['where']);
});

test('the summary races the best peer, yardsticks aside, the largest first', () => {
  const latency = figure({ title: 'Latency', unit: 'us', better: 'lower' }, [
    measured('nanolith', [4]),
    measured('a', [40]),
    measured('b', [8]),
    measured('bare', [2], { yardstick: true }),
  ]);
  const slower = rate(measured('nanolith', [10]), measured('a', [40]));
  const alone = rate(measured('nanolith', [10]));
  const spec = factorsSpec(
    {
      title: 'Summary',
      figures: [
        { name: 'slower', figure: slower },
        { name: 'alone', figure: alone },
        { name: 'latency', figure: latency },
      ],
    },
    [],
  );
  assert.deepEqual(
    spec.vconcat[0].data.values.map(({ name, factor, than, times }) => [name, factor, than, times]),
    [
      ['latency', 2, 'b', '2.0×'],
      ['slower', 0.25, 'a', '0.25×'],
    ],
  );
  assert.equal(factorsSpec({ title: 'Nothing', figures: [{ name: 'alone', figure: alone }] }, []), undefined);
});

test('curves: ours first; a contestant that was left out ends where it was', () => {
  const bytes = curve(
    {
      id: 'payload',
      title: 'Payload',
      unit: 'us',
      better: 'lower',
      axis: { title: 'bytes', scale: 'log', bytes: true },
    },
    [
      { at: 16, measured: [measured('a', [2, 1, 3]), measured('nanolith', [1])] },
      { at: 65_536, measured: [measured('nanolith', [100])] },
    ],
  );
  assert.deepEqual(
    bytes.lines.map(({ contestant, points }) => [contestant, points.map(({ at, median }) => [at, median])]),
    [
      ['a', [[16, 2]]],
      [
        'nanolith',
        [
          [16, 1],
          [65_536, 100],
        ],
      ],
    ],
  );
  const [panel] = linesSpec(bytes, []).vconcat;
  const [rules] = panel.layer;
  assert.deepEqual(rules.encoding.color.scale.domain, ['nanolith', 'a']);
  assert.match(rules.encoding.x.axis.labelExpr, /"16":"16 B","65536":"64 KiB"/);
  assert.deepEqual([rules.encoding.y.scale.type, rules.encoding.y.axis.values], ['log', [1, 10, 100]]);
});
