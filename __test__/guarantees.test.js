import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const page = new URL('../docs/guarantees.md', import.meta.url);
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| R\d+ \|/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));

describe('docs/guarantees.md', () => {
  it('has a row for each fault', () => {
    assert.deepEqual(
      rows.map(([number]) => number),
      Array.from({ length: 28 }, (_, at) => `R${at + 1}`),
    );
  });

  for (const [number, , , tests] of rows) {
    it(`${number}: names tests that exist`, () => {
      const named = tests.split('<br>');
      for (const text of named) {
        const [, file] = /\]\((.+?)\)/.exec(text) ?? assert.fail(`no file in ${text}`);
        const source = readFileSync(new URL(file, page), 'utf8');
        const titles = [...text.matchAll(/“(.+?)”/g)].map(([, title]) => title);
        assert.ok(titles.length > 0, `${file}: no title`);
        for (const title of titles) assert.ok(source.includes(title), `${file} has no “${title}”`);
      }
    });
  }
});
