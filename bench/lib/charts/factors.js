// How many times better nanolith is than others, one bar a figure, from the line where both are equal.

import { best, peersOf, timesBetter } from '../verdicts.js';
import { caption, config, FAINT, heading, INK, labelsWidth, OURS, PEER, times } from './style.js';

const BARS_WIDTH = 270;
const WIDTH = 470;

/**
 * Against the best of the peers, the largest first. What cannot be compared is left out.
 * @param {{ name: string, figure: any }[]} figures `name`: what the picture calls it
 */
function factors(figures) {
  return figures
    .flatMap(({ name, figure }) => {
      const own = figure.values.find(({ contestant, median }) => contestant === 'nanolith' && median !== undefined);
      const peers = peersOf(figure);
      if (own === undefined || peers.length === 0) return [];
      const peer = best(figure, peers);
      const factor = timesBetter(figure, own, peer);
      return Number.isFinite(factor) && factor > 0 ? [{ name, factor, than: peer.contestant }] : [];
    })
    .sort((a, b) => b.factor - a.factor);
}

/** The picture; `undefined` when nothing can be compared. */
export function factorsSpec({ title, subtitle, figures }, captionLines) {
  const rows = factors(figures);
  if (rows.length === 0) return undefined;
  const namesWidth = labelsWidth(rows.map(({ name }) => name));
  // Named once, in the subtitle, when it is the same everywhere.
  const named = rows.some(({ than }) => than !== rows[0].than);
  const ends = [...rows.map(({ factor }) => factor), 1];
  const x = {
    type: 'quantitative',
    axis: null,
    scale: { type: 'log', domain: [Math.min(...ends), Math.max(...ends)], range: [0, BARS_WIDTH], nice: false },
  };
  return {
    config,
    title: heading(title, subtitle),
    vconcat: [
      {
        width: WIDTH,
        height: { step: 26 },
        data: {
          values: rows.map((row) => ({
            ...row,
            end: Math.max(row.factor, 1),
            times: times(row.factor),
            than: named ? row.than : '',
          })),
        },
        encoding: {
          y: {
            field: 'name',
            type: 'nominal',
            sort: rows.map(({ name }) => name),
            axis: { title: null, minExtent: namesWidth, maxExtent: namesWidth },
          },
        },
        layer: [
          {
            mark: {
              type: 'bar',
              height: { band: 0.68 },
              cornerRadius: 2,
              color: { expr: `datum.factor >= 1 ? '${OURS}' : '${PEER}'` },
            },
            encoding: { x: { field: 'factor', ...x }, x2: { datum: 1 } },
          },
          { mark: { type: 'rule', color: INK, strokeWidth: 1 }, encoding: { x: { datum: 1, ...x }, y: null } },
          {
            mark: { type: 'text', align: 'left', dx: 7, fontWeight: 700 },
            encoding: { x: { field: 'end', ...x }, text: { field: 'times' } },
          },
          {
            mark: { type: 'text', align: 'left', dx: 56, color: FAINT },
            encoding: { x: { field: 'end', ...x }, text: { field: 'than' } },
          },
        ],
      },
      caption(captionLines, namesWidth),
    ],
  };
}
