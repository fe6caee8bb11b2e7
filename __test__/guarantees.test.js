import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const page = new URL('../docs/guarantees.md', import.meta.url);
const cells = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));
const rows = cells.filter(([number]) => /^R\d+$/.test(number));
const found = cells.filter((row) => row.length === 2 && row[0] !== 'the fault');

describe('docs/guarantees.md', () => {
  it('has a row for each fault, and some for what was found', () => {
    assert.deepEqual(
      rows.map(([number]) => number),
      Array.from({ length: 28 }, (_, at) => `R${at + 1}`),
    );
    assert.ok(found.length > 0);
  });

  for (const row of [...rows, ...found]) {
    it(`${row[0]}: names tests that exist`, () => {
      for (const text of String(row.at(-1)).split('<br>')) {
        const [, file] = /\]\((.+?)\)/.exec(text) ?? assert.fail(`no file in ${text}`);
        const source = readFileSync(new URL(file, page), 'utf8');
        const titles = [...text.matchAll(/“(.+?)”/g)].map(([, title]) => title);
        assert.ok(titles.length > 0, `${file}: no title`);
        for (const title of titles) assert.ok(source.includes(title), `${file} has no “${title}”`);
      }
    });
  }
});
