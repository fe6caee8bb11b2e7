// All of nanolith in one file, as the package ships it: see `scripts/bundle.js`.

export * from '../exports.js';

/** Makes this thread the one that its owner started. For `entry.cjs`. */
export const runThread = () => {
  require('../thread/main.js');
};
