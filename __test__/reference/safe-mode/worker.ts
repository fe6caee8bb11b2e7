import { isMainThread } from 'node:worker_threads';
import { define } from 'nanolith';

export const api = await define({ quiet: () => 'done' });
export const daring = await define({ loud: () => 'done' }, { safeMode: false });

// A call from the file of the definitions: refused, unless that is wanted.
export const outcomes = isMainThread
  ? await Promise.allSettled([api({ name: 'quiet' }), api.launchService(), daring({ name: 'loud' })])
  : [];
