// Results as Markdown, which reads well on a terminal too.

import { best, measuredValues, timesBetter, verdicts } from './verdicts.js';

export function machineText({ cpu, cores, memoryGiB, system, load, node, rustc, nanolith, commit, peers }) {
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; load ${load.join(' ')}`,
    `node ${node}, ${rustc || 'no rustc'}, nanolith ${nanolith}, commit ${commit || 'none'}`,
    Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ].join('\n');
}

/** A scenario's tables and verdicts, without its title. */
export function scenarioText({ constants, figures = [], curves = [], notes = [], failure }) {
  const blocks = [];
  if (constants) {
    blocks.push(
      Object.entries(constants)
        .map(([name, value]) => `${name} = ${value}`)
        .join(', '),
    );
  }
  for (const figure of figures) {
    blocks.push(`${figure.title} (${figure.better} is better)`, figureTable(figure));
    blocks.push(...verdicts(figure).map(({ text }) => text));
  }
  for (const curve of curves) {
    blocks.push(`${curve.title}, ${curve.unit} (${curve.better} is better)`, curveTable(curve));
  }
  blocks.push(...notes);
  if (failure) blocks.push(`FAILED: ${failure}`);
  return blocks.join('\n\n');
}

function figureTable(figure) {
  const known = measuredValues(figure);
  // A bare thread or a plain copy is in the table, but not in the race.
  const racers = known.filter(({ yardstick }) => !yardstick);
  const first = racers.length === 0 ? undefined : best(figure, racers);
  const head = ['contestant', `median, ${figure.unit}`, 'low', 'high', 'against the best'];
  const rows = figure.values.map((value) =>
    value.median === undefined
      ? [value.contestant, '-', '-', '-', value.failure ?? 'not measured']
      : [value.contestant, number(value.median), number(value.low), number(value.high), standing(figure, value, first)],
  );
  return table(head, rows);
}

function standing(figure, value, first) {
  if (value === first) return 'best';
  if (first === undefined) return '';
  const behind = timesBetter(figure, first, value);
  if (!Number.isFinite(behind)) return '';
  if (behind.toFixed(2) === '1.00') return 'level';
  return behind < 1 ? `${(1 / behind).toFixed(2)} times ahead` : `${behind.toFixed(2)} times behind`;
}

function curveTable({ axis, lines }) {
  const places = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => a - b);
  const head = [axis.title, ...lines.map(({ contestant }) => contestant)];
  const rows = places.map((place) => [
    axis.bytes ? bytes(place) : place.toLocaleString('en-US'),
    ...lines.map(({ points }) => {
      const point = points.find(({ at }) => at === place);
      return point === undefined ? '-' : number(point.median);
    }),
  ]);
  return table(head, rows);
}

/** A number with about three digits. */
export function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** 65536 as 64 KiB. */
export function bytes(count) {
  for (const [unit, size] of [
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ]) {
    if (count >= size) return `${Number((count / size).toFixed(1))} ${unit}`;
  }
  return `${count} B`;
}

function table(head, rows) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
