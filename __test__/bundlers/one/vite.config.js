import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    ssr: true,
    target: 'node20',
    outDir: 'out',
    rollupOptions: { input: 'server.js' },
  },
  ssr: { external: ['nanolith'] },
});
