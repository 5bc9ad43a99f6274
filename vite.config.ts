// Builds the headless engine and command line into out/. Dependencies stay external; the entry is split so that a
// client command loads only what it needs.
import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'out',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { 'cli/index': 'src/cli/index.ts' },
      output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});
