import { define } from 'nanolith';

export const api = await define({
  wait: () => new Promise<void>((resolve) => setTimeout(resolve, 50)),
});
