export { define } from './lib/define.js';
export * from './lib/errors.js';
export { ConcurrencyOption, pool } from './lib/pool.js';
