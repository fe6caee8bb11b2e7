// A set of tasks: defined in the object, async, and defined elsewhere.

import { define } from 'nanolith';

const divide = (dividend: number, divisor: number) => dividend / divisor;

export const api = await define({
  multiply(a: number, b: number) {
    return a * b;
  },
  async multiplyLater(a: number, b: number) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return a * b;
  },
  divide,
});
