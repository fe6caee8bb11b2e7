// How the demo looks: the bar while it runs, the tables at the end.

import { extname } from 'node:path';
import process from 'node:process';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';

const plain = !process.stdout.isTTY || 'NO_COLOR' in process.env;

export const count = (/** @type {number} */ n) => n.toLocaleString('en-US');
export const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(2)} s`;

/**
 * A bar on a terminal, a line for every quarter elsewhere (a log has no use for a bar).
 *
 * @param {string} label
 * @param {number} totalBytes
 * @param {number} totalFiles
 */
export function progress(label, totalBytes, totalFiles) {
  let doneBytes = 0;
  let doneFiles = 0;
  if (!process.stdout.isTTY) {
    let quarter = 0;
    return {
      add(/** @type {number} */ bytes) {
        doneBytes += bytes;
        doneFiles++;
        const share = doneFiles === totalFiles ? 1 : doneBytes / totalBytes;
        if (share * 4 < quarter + 1) return;
        quarter = Math.floor(share * 4);
        console.log(`${label} ${Math.floor(share * 100)}% | ${count(doneFiles)} of ${count(totalFiles)} files`);
      },
      stop() {},
    };
  }

  const bar = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {percentage}% | {files} of ${count(totalFiles)} files | {rate} MB/s`,
      hideCursor: true,
      fps: 15,
      // Its own handler keeps the process going.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  const interrupted = () => {
    bar.stop();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  const startMs = performance.now();
  // A folder of empty files has no bytes to count: the bar then counts files.
  bar.start(totalBytes || totalFiles, 0, { files: '0', rate: '0' });
  return {
    add(/** @type {number} */ bytes) {
      doneBytes += bytes;
      doneFiles++;
      const rate = doneBytes / 1e3 / (performance.now() - startMs);
      bar.update(totalBytes ? doneBytes : doneFiles, { files: count(doneFiles), rate: rate.toFixed(1) });
    },
    stop() {
      process.off('SIGINT', interrupted);
      bar.stop();
    },
  };
}

/** @typedef {ReturnType<typeof import('./job.js').digest>} Digest */

/**
 * What was found, by kind of file, the largest kinds first.
 *
 * @param {Digest[]} digests
 * @param {number} rows how many kinds get a row of their own
 */
export function filesTable(digests, rows = 8) {
  /** @type {Map<string, { files: number, size: number, compressed: number, words: number }>} */
  const kinds = new Map();
  const total = { files: 0, size: 0, compressed: 0, words: 0 };
  for (const digest of digests) {
    if ('fault' in digest) continue;
    const kind = extname(digest.path) || '(none)';
    let sum = kinds.get(kind);
    if (sum === undefined) kinds.set(kind, (sum = { files: 0, size: 0, compressed: 0, words: 0 }));
    for (const into of [sum, total]) {
      into.files++;
      into.size += digest.size;
      into.compressed += digest.compressed;
      into.words += digest.words;
    }
  }

  const bySize = [...kinds].sort((a, b) => b[1].size - a[1].size);
  const rest = bySize.slice(rows);
  const table = makeTable(['kind', 'files', 'size', 'compressed', 'to', 'words'], 1);
  const row = (/** @type {string} */ name, /** @type {typeof total} */ { files, size, compressed, words }) =>
    table.push([
      name,
      count(files),
      megabytes(size),
      megabytes(compressed),
      size === 0 ? '' : `${Math.round((compressed / size) * 100)}%`,
      count(words),
    ]);
  for (const [kind, sum] of bySize.slice(0, rows)) row(kind, sum);
  if (rest.length > 0) {
    const others = { files: 0, size: 0, compressed: 0, words: 0 };
    for (const [, sum] of rest) {
      for (const key of /** @type {(keyof typeof others)[]} */ (Object.keys(others))) others[key] += sum[key];
    }
    row(`${rest.length} more`, others);
  }
  row('all', total);
  return table.toString();
}

/**
 * The two runs side by side.
 *
 * @param {{ name: string, ms: number }[]} runs the last one is what the others are compared with
 * @param {number} bytes
 */
export function runsTable(runs, bytes) {
  const table = makeTable(['run', 'time', 'rate', 'times faster'], 1);
  const slowest = runs[runs.length - 1].ms;
  for (const { name, ms } of runs) {
    table.push([name, seconds(ms), `${(bytes / 1e3 / ms).toFixed(1)} MB/s`, (slowest / ms).toFixed(2)]);
  }
  return table.toString();
}

function makeTable(/** @type {string[]} */ head, /** @type {number} */ leftColumns) {
  return new Table({
    head,
    colAligns: head.map((_, i) => (i < leftColumns ? 'left' : 'right')),
    style: plain ? { head: [], border: [], compact: true } : { head: ['bold'], border: ['grey'], compact: true },
  });
}
