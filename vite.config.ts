// Builds the headless engine and command line into out/. The entry is split so that a client command loads only what it
// needs. Dependencies are bundled, which leaves out what is not used of them (docs/decisions/0004-memory.md); the two
// that carry programs of their own stay outside.
import { defineConfig } from 'vite';

export default defineConfig({
  ssr: { noExternal: true, external: ['systeminformation', 'node-notifier'] },
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
