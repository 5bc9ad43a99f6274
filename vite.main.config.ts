// Builds the app's main process into out/main/, all files side by side: what finds package.json and the window from its own place
// then finds them from every chunk. Dependencies are bundled as in vite.config.ts; Electron is there already.
import { defineConfig } from 'vite';

export default defineConfig({
  ssr: { noExternal: true, external: ['electron', 'systeminformation', 'node-notifier'] },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'out/main',
    emptyOutDir: true,
    rolldownOptions: {
      input: { index: 'src/main/index.ts' },
      output: {
        format: 'esm',
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        // Names stay, for the stack of an error.
        minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      },
    },
  },
});
