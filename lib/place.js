// Where this library's own files lie. Threads start from one of them and the binary is looked for beside them, so the
// code does not run from inside of a bundle. This says so, instead of whatever would fail first.

import { existsSync } from 'node:fs';

import { PlatformError } from './errors.js';

// In two steps: of `new URL('…', import.meta.url)` webpack makes a copy of that one file.
const { url } = import.meta;

/** What every thread of nanolith starts from. */
export const ENTRY = url && new URL('./thread/entry.cjs', url);

if (!ENTRY || !existsSync(ENTRY)) {
  throw new PlatformError(
    `nanolith runs from its own files, and they are not at ${url ?? 'the place of this code'}: a bundler has moved the ` +
      "code into another file. Keep it out of the bundle (esbuild: external: ['nanolith'], rollup: external, webpack: " +
      'externals, vite: ssr.external) and deploy node_modules with it; docs/bundlers.md of the repository has ' +
      'configurations that work.',
  );
}
