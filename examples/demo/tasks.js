// The definitions: what threads can be asked to do. `isolate: false` keeps the threads, one for each core, and lets
// them pull file after file from a queue of their own.

import { define } from 'nanolith';
import { digest } from './job.js';

export const api = await define({ digest }, { isolate: false });
