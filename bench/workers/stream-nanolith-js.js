import { define, ParentThread } from 'nanolith-js';
import { received, take } from './byte-sink.js';

export const api = await define({
  __initializeService() {
    ParentThread.onStream(take);
  },
  received,
});
