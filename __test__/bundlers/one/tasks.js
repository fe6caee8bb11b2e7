import { define } from 'nanolith';
import { wordsOf } from './text.js';

// All files become one: what calls the tasks is in the file that defines them, and threads load the server, too.
export const texts = await define(
  {
    count: (text) => wordsOf(text).length,
    longest: (text) => wordsOf(text).reduce((longest, word) => (word.length > longest.length ? word : longest), ''),
  },
  { safeMode: false },
);
