// Definitions in a file that is not there.

import { define } from 'nanolith';

export const missing = await define({ anything() {} }, { file: new URL('not-there.js', import.meta.url) });
