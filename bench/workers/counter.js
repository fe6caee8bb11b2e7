// Counts messages up to what is expected.

let left = 0;
let done = Promise.resolve();
let resolve = () => {};

export const count = () => {
  if (--left === 0) resolve();
};

export const expect = (messages) => {
  left = messages;
  done = new Promise((r) => {
    resolve = r;
  });
};

export const received = () => done;
