import { define } from 'nanolith-js';
import * as tasks from './tasks.js';

export const api = await define({ ...tasks });
