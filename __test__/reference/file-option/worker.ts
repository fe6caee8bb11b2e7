import { fileURLToPath } from 'node:url';
import { defineIn } from './defaults.js';

export const file = fileURLToPath(import.meta.url);

export const api = await defineIn(file, {
  async whereAmI() {
    return file;
  },
});
