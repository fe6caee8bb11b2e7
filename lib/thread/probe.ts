// Loads only where a loader compiles TypeScript on this thread: Node itself strips no enum. See `tsx.js`.

export enum Compiled {
  Yes,
}
