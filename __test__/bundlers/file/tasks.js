import { define } from 'nanolith';
import { wordsOf } from './text.js';

// The server's bundle gets a copy of this: `file` names the one that threads load, in the sources and when built.
export const texts = await define(
  {
    count: (text) => wordsOf(text).length,
    longest: (text) => wordsOf(text).reduce((longest, word) => (word.length > longest.length ? word : longest), ''),
  },
  { file: new URL('./tasks.js', import.meta.url) },
);
