// A CommonJS file that requires an ES module: TypeScript 5.8 and later, Node 20.19 and later.
import { define } from 'nanolith';

import nanolith = require('nanolith');

const api = define({ double: (value: number) => value * 2 });

export const doubled: Promise<number> = api.then((double) => double({ name: 'double', params: [21] }));
export const sameDefine: typeof define = nanolith.define;
