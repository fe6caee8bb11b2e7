// What the program was asked to do.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const usage = `usage: npm run example:copies [-- [folder] [options]]

Finds files that are copies of each other, or nearly.

  folder           where to look; by default this repository's node_modules
  --alike n        count files as copies from n percent of common text on (80)
  --like file      also show what is the most like this file
  --report file    write all families to this file, as lines of JSON
  --seconds n      read for at most n seconds (15), then go on with what there is
  --all            read everything, however long it takes`;

const DEFAULT_FOLDER = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** An argument that makes no sense. Its message is for the user. */
export class UsageError extends Error {}

/**
 * @typedef {{ folder: string, threshold: number, like: string | undefined, report: string | undefined,
 *   readMs: number }} Options
 */

/**
 * @param {string[]} args
 * @returns {Options | 'help'}
 */
export function readOptions(args) {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (positionals.length > 1) throw new UsageError(`one folder at most, not ${positionals.length}\n\n${usage}`);
  if (values.all && values.seconds !== undefined) {
    throw new UsageError(`--all and --seconds exclude each other\n\n${usage}`);
  }
  const percent = positive('alike', values.alike ?? '80');
  if (percent > 100) throw new UsageError(`--alike takes at most 100 percent, not "${values.alike}"`);
  return {
    folder: resolve(positionals[0] ?? DEFAULT_FOLDER),
    threshold: percent / 100,
    like: values.like && resolve(values.like),
    report: values.report && resolve(values.report),
    // As long as a timer can wait: 24 days.
    readMs: values.all ? 2 ** 31 - 1 : positive('seconds', values.seconds ?? '15') * 1000,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        alike: { type: 'string' },
        like: { type: 'string' },
        report: { type: 'string' },
        seconds: { type: 'string' },
        all: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${usage}`);
  }
}

/** @param {string} name @param {string} value */
function positive(name, value) {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (number > 0 && number < 1e6) return number;
  throw new UsageError(`--${name} takes a positive number, not "${value}"`);
}
