// A scenario's curves: one line a contestant, over threads, bytes or tasks.

import { bytes } from '../print.js';
import { caption, config, heading, isOurs, LINES, wantsLog } from './style.js';

const LEFT = 60;
const WIDTH = 620;
const HEIGHT = 260;

/** The picture of one curve. */
export function linesSpec({ title, unit, better, axis, lines }, captionLines) {
  const names = lines.map(({ contestant }) => contestant).sort((a, b) => Number(isOurs(b)) - Number(isOurs(a)));
  const rows = lines.flatMap(({ contestant, points }) =>
    points.map(({ at, median, low, high }) => ({ contestant, ours: isOurs(contestant), at, median, low, high })),
  );
  const log = wantsLog(rows.map(({ median }) => median));
  const places = [...new Set(rows.map(({ at }) => at))].sort((a, b) => a - b);
  const labels = Object.fromEntries(places.map((at) => [at, axis.bytes ? bytes(at) : at.toLocaleString('en-US')]));
  const x = {
    field: 'at',
    type: 'quantitative',
    scale: { type: axis.scale, nice: false, padding: 16, ...(axis.scale === 'linear' && { zero: false }) },
    axis: { title: axis.title, values: places, grid: false, labelExpr: `${JSON.stringify(labels)}[datum.value]` },
  };
  const y = {
    type: 'quantitative',
    scale: log ? { type: 'log' } : { zero: true },
    axis: {
      title: null,
      labelExpr: "datum.value < 10000 ? format(datum.value, ',') : format(datum.value, '~s')",
      minExtent: LEFT,
      maxExtent: LEFT,
      // A decade has nine lines otherwise.
      ...(log && { values: decadesBetween(rows) }),
      tickCount: 6,
    },
  };
  const color = {
    field: 'contestant',
    type: 'nominal',
    scale: { domain: names, range: LINES.slice(0, names.length) },
    legend: { title: null, orient: 'top', offset: 6, symbolOpacity: 1 },
  };
  return {
    config,
    title: heading(title, [unit, `${better} is better`, ...(log ? ['log scale'] : [])].join(' · ')),
    vconcat: [
      {
        width: WIDTH,
        height: HEIGHT,
        data: { values: rows },
        layer: [
          {
            mark: { type: 'rule', opacity: 0.45, strokeWidth: 1.5 },
            encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' }, color },
          },
          // Ours on top, and thicker.
          ...[false, true].map((ours) => ({
            transform: [{ filter: { field: 'ours', equal: ours } }],
            mark: { type: 'line', strokeWidth: ours ? 3 : 1.75 },
            encoding: { x, y: { field: 'median', ...y }, color },
          })),
          {
            mark: { type: 'point', filled: true, size: 60, opacity: 1 },
            encoding: {
              x,
              y: { field: 'median', ...y },
              color,
              shape: { field: 'contestant', type: 'nominal', scale: { domain: names }, legend: color.legend },
            },
          },
        ],
      },
      caption(captionLines, LEFT),
    ],
  };
}

function decadesBetween(rows) {
  const ends = rows.flatMap(({ low, high }) => [low, high]);
  const first = Math.floor(Math.log10(Math.min(...ends)));
  const last = Math.ceil(Math.log10(Math.max(...ends)));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
