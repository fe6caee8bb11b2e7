import { pool } from 'nanolith';

console.log(pool.maxConcurrency);
