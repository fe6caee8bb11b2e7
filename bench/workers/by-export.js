// For piscina and tinypool: a task is an export that takes one value.

import * as tasks from './tasks.js';

export const nothing = () => tasks.nothing();
export const add = (args) => tasks.add(...args);
export const echo = (args) => tasks.echo(...args);
export const spin = (args) => tasks.spin(...args);
export const spinAndTell = (args) => tasks.spinAndTell(...args);
