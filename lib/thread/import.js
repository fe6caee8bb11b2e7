import { started } from '../agent.js';

/**
 * Node's `import()`. Code that came from V8's cache has none of its own: there the thread's entry lends it.
 * @type {(href: string) => Promise<any>}
 */
export const importModule = started?.importModule ?? ((href) => import(href));
