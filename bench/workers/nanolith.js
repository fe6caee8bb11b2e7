import { define } from '../../dist/index.js';
import * as tasks from './tasks.js';

// One-off threads and services on one set, kept threads on another.
export const oneOff = await define({ ...tasks }, { identifier: 'one-off' });
export const warm = await define({ ...tasks }, { identifier: 'warm', isolate: false });
