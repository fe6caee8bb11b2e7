import { define } from 'nanolith';

let total = 0;

export const api = await define({
  // What a service keeps in its module stays from call to call.
  add(amount: number) {
    total += amount;
    return total;
  },
  stumble() {
    setTimeout(() => {
      throw new Error('nobody catches this');
    });
  },
});
