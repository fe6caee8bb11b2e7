// What the load programs share: sizes, memory, curves, and the checks that a cost stays flat.
//
// A program measures at growing sizes, prints a table, and hands its curves to `run.js` as the last line of its output.

/** `--small`: a few seconds, for CI. What it checks is the same. */
export const isSmall = process.argv.includes('--small');

/** @param {readonly number[]} sizes @param {readonly number[]} small */
export const sizesOf = (sizes, small) => (isSmall ? small : sizes);

/** Resident memory, once what is garbage is gone. */
export async function settledMemory() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().rss;
}

/** Measurements by size, under a name for each kind. */
export class Report {
  /** @type {Map<string, { at: number, values: number[] }[]>} */
  #lines = new Map();
  /** @type {string[]} */
  #faults = [];
  #name;
  #title;
  #axis;

  /**
   * @param {string} name
   * @param {string} title
   * @param {{ title: string, scale?: 'log' | 'linear', bytes?: boolean }} axis what grows
   */
  constructor(name, title, axis) {
    this.#name = name;
    this.#title = title;
    this.#axis = axis;
  }

  /** @param {string} line such as `submit, us` @param {number} at the size @param {number} value */
  add(line, at, value) {
    const points = this.#lines.get(line) ?? [];
    this.#lines.set(line, points);
    const known = points.find((point) => point.at === at);
    if (known === undefined) points.push({ at, values: [value] });
    else known.values.push(value);
  }

  /** @param {unknown} holds @param {string} text */
  check(holds, text) {
    if (!holds) this.#faults.push(text);
  }

  /**
   * The cost of one must not grow with how many there are: at the largest size, no more than `ratio` times that at `from`.
   * The best of the rounds is compared, as the others say what else the machine did.
   * @param {string} line @param {{ ratio: number, from?: number, slack?: number }} bounds `slack`: what is too little to tell
   */
  flat(line, { ratio, from, slack = 0 }) {
    const points = (this.#lines.get(line) ?? []).map(({ at, values }) => ({ at, value: Math.min(...values) }));
    const first = points.find(({ at }) => from === undefined || at >= from);
    const last = points[points.length - 1];
    if (first === undefined || first === last) return;
    const grown = last.value / first.value;
    const text = `${line}: ${show(first.value)} at ${first.at}, ${show(last.value)} at ${last.at}`;
    this.check(grown <= ratio || last.value <= slack, `${text}: more than ${ratio} times as much`);
  }

  /** @param {string} line @param {number} most */
  atMost(line, most) {
    for (const { at, values } of this.#lines.get(line) ?? []) {
      this.check(median(values) <= most, `${line}: ${show(median(values))} at ${at}, more than ${most}`);
    }
  }

  /** Prints the table and the verdict; sets the exit code. @param {Record<string, string[]>} pictures titles, and their lines */
  end(pictures) {
    const lines = [...this.#lines];
    const sizes = [...new Set(lines.flatMap(([, points]) => points.map(({ at }) => at)))].sort((a, b) => a - b);
    const cell = (/** @type {{ at: number, values: number[] }[]} */ points, /** @type {number} */ size) => {
      const values = points.find(({ at }) => at === size)?.values;
      return values === undefined ? '' : show(median(values));
    };
    const rows = sizes.map((size) => [size.toLocaleString('en-US'), ...lines.map(([, points]) => cell(points, size))]);
    const table = [[this.#axis.title, ...lines.map(([line]) => line)], ...rows];
    const widths = table[0].map((_, at) => Math.max(...table.map((row) => row[at].length)));
    console.log(this.#title);
    for (const row of table) console.log(`  ${row.map((text, at) => text.padStart(widths[at])).join('  ')}`);
    console.log(this.#faults.length === 0 ? '  flat' : this.#faults.map((fault) => `  FAULT: ${fault}`).join('\n'));
    process.exitCode = this.#faults.length === 0 ? 0 : 1;
    const curves = Object.entries(pictures).map(([title, names], at) => ({
      id: String(at + 1),
      title,
      unit: names[0].replace(/^.*, /, ''),
      better: 'lower',
      axis: { scale: 'log', ...this.#axis },
      lines: names.map((name) => ({
        contestant: name.replace(/, [^,]*$/, ''),
        points: (this.#lines.get(name) ?? []).map(({ at, values }) => ({
          at,
          median: median(values),
          low: Math.min(...values),
          high: Math.max(...values),
        })),
      })),
    }));
    console.log(`REPORT ${JSON.stringify({ name: this.#name, title: this.#title, figures: [], curves })}`);
  }
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** @param {number} value */
const show = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
