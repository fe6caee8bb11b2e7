// JavaScript is checked too, by what an editor shows.
import { api } from './tasks.js';

/** @type {number} */
export const sum = await api({ name: 'add', params: [1, 2] });
// @ts-expect-error: no such task
await api({ name: 'ad', params: [1, 2] });
