import { ThreadWorker } from 'poolifier';
import * as tasks from './tasks.js';

export default new ThreadWorker(
  Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, (args) => task(...args)])),
);
