// Results as Markdown tables, which read well on a terminal too.

export function printMachine(machine) {
  const { cpu, cores, memoryGiB, system, load, node, rustc, commit, peers } = machine;
  console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; load ${load.join(' ')}`);
  console.log(`node ${node}, ${rustc || 'no rustc'}, commit ${commit || 'none'}`);
  console.log(
    Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
}

export function printScenario(result) {
  console.log(`\n## ${result.title}\n`);
  if (result.constants) {
    console.log(
      Object.entries(result.constants)
        .map(([name, value]) => `${name} = ${value}`)
        .join(', '),
    );
  }
  for (const figure of result.figures ?? []) printFigure(figure);
  for (const note of result.notes ?? []) console.log(`\n${note}`);
  if (result.failure) console.log(`\nFAILED: ${result.failure}`);
}

function printFigure({ title, unit, better, values, targets }) {
  const known = values.filter(({ median }) => median !== undefined);
  const best = known.length === 0 ? 0 : choose(better, known).median;
  const head = ['contestant', `median, ${unit}`, 'low', 'high', 'against the best'];
  const rows = values.map(({ contestant, median, low, high, failure }) =>
    median === undefined
      ? [contestant, '-', '-', '-', failure ?? 'not measured']
      : [contestant, number(median), number(low), number(high), ratio(better, median, best)],
  );
  console.log(`\n${title} (${better} is better)\n`);
  console.log(table(head, rows));
  for (const verdict of verdicts({ values, better, targets })) console.log(`\n${verdict.text}`);
}

/** Whether the figure reaches what it is to reach. */
export function verdicts({ values, better, targets = [] }) {
  const known = values.filter(({ median }) => median !== undefined);
  return targets.flatMap(({ times, of, ours = 'nanolith' }) => {
    const own = known.find(({ contestant }) => contestant === ours);
    const others = known.filter(({ contestant }) => (of === 'best' ? contestant !== ours : of.includes(contestant)));
    if (own === undefined || others.length === 0) return [];
    const other = choose(better, others);
    const factor = better === 'higher' ? own.median / other.median : other.median / own.median;
    const met = factor >= times;
    return [
      {
        met,
        factor,
        text: `${met ? 'met' : 'MISSED'}: ${ours} ${factor.toFixed(2)} times ${other.contestant}, to be at least ${times}`,
      },
    ];
  });
}

function choose(better, values) {
  return values.reduce((a, b) => ((better === 'higher') === a.median >= b.median ? a : b));
}

function ratio(better, value, best) {
  if (value === best) return 'best';
  const times = better === 'higher' ? best / value : value / best;
  return Number.isFinite(times) ? `${times.toFixed(2)} times behind` : '';
}

function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function table(head, rows) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
