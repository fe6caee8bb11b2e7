// A scenario's figures as horizontal bars: every contestant's median, and how far its rounds lay apart.

import { number } from '../print.js';
import { measuredValues, timesBetter } from '../verdicts.js';
import {
  caption,
  config,
  decades,
  heading,
  INK,
  isOurs,
  labelsWidth,
  OURS,
  PEER,
  times,
  wantsLog,
  YARDSTICK,
} from './style.js';

/** From the line where the bars begin to the end of the longest, and to the end of the picture. */
const BARS_WIDTH = 330;
const WIDTH = 580;
/** Units in which less of it is slower, or more; others are not compared by times. */
const SPEED = /^(us|ms)$|\/s$/;

/** The picture of a scenario: its figures below each other. */
export function barsSpec({ title, figures }, captionLines) {
  const measured = figures.filter((figure) => measuredValues(figure).length > 0);
  const namesWidth = labelsWidth(measured.flatMap(({ values }) => values.map(({ contestant }) => contestant)));
  return {
    config,
    title: heading(title),
    vconcat: [...measured.map((figure) => panel(figure, namesWidth)), caption(captionLines, namesWidth)],
  };
}

function panel(figure, namesWidth) {
  const values = sorted(figure);
  const ends = values.flatMap(({ low, high }) => [low, high]);
  const log = Math.min(...ends) > 0 && wantsLog([...values.map(({ median }) => median), Math.max(...ends)]);
  const [from, to] = log ? decades(ends) : [0, Math.max(...ends, Number.MIN_VALUE)];
  const first = values.find(({ yardstick }) => !yardstick) ?? values[0];
  const x = {
    type: 'quantitative',
    axis: null,
    scale: { type: log ? 'log' : 'linear', domain: [from, to], range: [0, BARS_WIDTH], nice: false },
  };
  return {
    width: WIDTH,
    height: { step: 22 },
    title: {
      text: figure.title,
      subtitle: [figure.unit, `${figure.better} is better`, ...(log ? ['log scale'] : [])].join(' · '),
    },
    data: {
      values: values.map((value) => ({
        contestant: value.contestant,
        median: value.median,
        low: Math.max(value.low, from),
        high: value.high,
        kind: value.yardstick ? 'yardstick' : isOurs(value.contestant) ? 'ours' : 'peer',
        label: `${number(value.median)}${standing(figure, value, first)}`,
      })),
    },
    encoding: {
      y: {
        field: 'contestant',
        type: 'nominal',
        sort: values.map(({ contestant }) => contestant),
        axis: {
          title: null,
          minExtent: namesWidth,
          maxExtent: namesWidth,
          labelFontWeight: { condition: { test: OURS_TEST, value: 700 }, value: 400 },
        },
      },
    },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.7 }, cornerRadiusEnd: 2 },
        encoding: {
          x: { field: 'median', ...x },
          x2: { datum: from },
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: ['ours', 'peer', 'yardstick'], range: [OURS, PEER, YARDSTICK] },
            legend: null,
          },
        },
      },
      {
        mark: { type: 'rule', color: INK, opacity: 0.6 },
        encoding: { x: { field: 'low', ...x }, x2: { field: 'high' } },
      },
      {
        mark: {
          type: 'text',
          align: 'left',
          dx: 7,
          fontWeight: { expr: "datum.kind === 'ours' ? 700 : 400" },
        },
        encoding: { x: { field: 'high', ...x }, text: { field: 'label' } },
      },
    ],
  };
}

const OURS_TEST = "datum.value === 'nanolith' || indexof(datum.value, 'nanolith, ') === 0";

/** The best first, yardsticks last. */
function sorted(figure) {
  const sign = figure.better === 'higher' ? -1 : 1;
  const last = ({ yardstick }) => (yardstick ? 1 : 0);
  return measuredValues(figure).sort((a, b) => last(a) - last(b) || sign * (a.median - b.median));
}

function standing(figure, value, first) {
  if (value === first || !SPEED.test(figure.unit)) return '';
  const behind = timesBetter(figure, first, value);
  return behind >= 1 ? `, ${times(behind)} slower` : `, ${times(1 / behind)} faster`;
}
