import { define, parent } from '../../dist/index.js';
import { received, take } from './byte-sink.js';

export const api = await define({
  __initializeService() {
    parent.onStream(take);
  },
  received,
});
