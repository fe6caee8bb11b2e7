import { Readable } from 'node:stream';
import { define, parent } from 'nanolith';

export const api = await define({
  async send() {
    const words = ['one', 'two', 'three', 'four'];
    const source = new Readable({
      read() {
        this.push(words.shift() ?? null);
      },
    });
    source.pipe(await parent.createStream({ name: 'words' }));
  },
});
