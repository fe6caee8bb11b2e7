// `define` is called here, and the tasks are not: nobody could tell which file threads are to load.

import { define, type TaskDefinitions } from 'nanolith';

export const defineIn = <D extends TaskDefinitions>(file: string, definitions: D) => define(definitions, { file });
