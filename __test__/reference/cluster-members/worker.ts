import { define, parent } from 'nanolith';

export const api = await define({
  work: () => parent.waitForMessage((data) => data === 'enough'),
});
