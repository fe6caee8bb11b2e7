import { define } from 'nanolith';
import { wordsOf } from './text.js';

export const texts = await define({
  count: (text) => wordsOf(text).length,
  longest: (text) => wordsOf(text).reduce((longest, word) => (word.length > longest.length ? word : longest), ''),
});
