import { define } from 'nanolith';

export const api = await define({
  wait: (cell: Int32Array) => Atomics.wait(cell, 0, 0),
});
