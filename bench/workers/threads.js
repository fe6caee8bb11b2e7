import { expose } from 'threads/worker';
import * as tasks from './tasks.js';

expose({ ...tasks });
