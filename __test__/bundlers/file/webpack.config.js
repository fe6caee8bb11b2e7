import { resolve } from 'node:path';

export default {
  mode: 'production',
  target: 'node20',
  entry: { server: './server.js', tasks: './tasks.js' },
  output: { path: resolve('out'), filename: '[name].js', module: true, library: { type: 'module' } },
  experiments: { outputModule: true },
  externals: { nanolith: 'module nanolith' },
  // Or webpack makes an asset of the file, and the path of the source of `import.meta.url`.
  module: { parser: { javascript: { importMeta: false, url: false } } },
};
