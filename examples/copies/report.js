// How the program looks: progress while it reads, families and tables at the end.

import { relative } from 'node:path';
import process from 'node:process';
import Table from 'cli-table3';
import { count, megabytes } from '../demo/report.js';

const plain = !process.stdout.isTTY || 'NO_COLOR' in process.env;
const DRAWN_EVERY_MS = 100;
/** So many families are shown, and so many files of each. */
export const SHOWN_FAMILIES = 8;
const SHOWN_FILES = 3;

/**
 * One line that changes on a terminal, a line for every quarter elsewhere.
 *
 * @param {number} totalFiles
 * @param {number} totalBytes
 */
export function progress(totalFiles, totalBytes) {
  let [files, bytes, drawnMs, quarter] = [0, 0, 0, 0];
  const startMs = performance.now();
  const line = () => {
    const rate = bytes / 1e3 / (performance.now() - startMs);
    return `${Math.floor((bytes / totalBytes) * 100)}% | ${count(files)} of ${count(totalFiles)} files | ${rate.toFixed(1)} MB/s`;
  };
  const draw = () => process.stdout.write(`\r\x1b[K${line()}`);
  return {
    add(/** @type {number} */ size) {
      files += 1;
      bytes += size;
      if (process.stdout.isTTY) {
        if (performance.now() - drawnMs < DRAWN_EVERY_MS) return;
        drawnMs = performance.now();
        draw();
      } else if (bytes * 4 >= totalBytes * (quarter + 1)) {
        quarter = Math.floor((bytes * 4) / totalBytes);
        console.log(line());
      }
    },
    stop() {
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    },
  };
}

/** @param {import('./families.js').Family[]} families @param {string} folder */
export function showFamilies(families, folder) {
  for (const { files, links, repeatedBytes } of families.slice(0, SHOWN_FAMILIES)) {
    const least = links.reduce((least, { likeness }) => Math.min(least, likeness), 1);
    const alike = least === 1 ? 'the same' : `${percent(least)} alike and more`;
    console.log(`\n${count(files.length)} files, ${alike}, ${size(repeatedBytes)} repeated`);
    for (const { path } of files.slice(0, SHOWN_FILES)) console.log(`  ${relative(folder, path)}`);
    if (files.length > SHOWN_FILES) console.log(`  and ${count(files.length - SHOWN_FILES)} more`);
  }
}

/** What each reader has done. @param {import('./channels.js').Share[]} shares */
export function sharesTable(shares) {
  const table = makeTable(['thread', 'files', 'size'], 1);
  for (const { threadID, files, bytes } of shares.toSorted((a, b) => a.threadID - b.threadID)) {
    table.push([`reader ${threadID}`, count(files), megabytes(bytes)]);
  }
  return table.toString();
}

/** What is the most like one file. @param {{ path: string, likeness: number }[]} alike @param {string} folder */
export function likeTable(alike, folder) {
  const table = makeTable(['alike', 'file'], 2);
  for (const { path, likeness } of alike) table.push([percent(likeness), relative(folder, path)]);
  return table.toString();
}

/** Most copies are small. @param {number} bytes */
export const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : megabytes(bytes));

const percent = (/** @type {number} */ share) => `${Math.floor(share * 100)}%`;

function makeTable(/** @type {string[]} */ head, /** @type {number} */ leftColumns) {
  return new Table({
    head,
    colAligns: head.map((_, i) => (i < leftColumns ? 'left' : 'right')),
    style: plain ? { head: [], border: [], compact: true } : { head: ['bold'], border: ['grey'], compact: true },
  });
}
