import { defineConfig } from 'vite';

export default defineConfig({
  build: { ssr: 'server.js', target: 'node20', outDir: 'out' },
  ssr: { noExternal: true },
});
