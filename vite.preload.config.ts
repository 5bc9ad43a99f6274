// Builds the bridge as one CommonJS file: a sandboxed preload can load no other (https://www.electronjs.org/docs/latest/tutorial/esm).
import { defineConfig } from 'vite';

export default defineConfig({
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'out/preload',
    emptyOutDir: true,
    rolldownOptions: {
      input: { index: 'src/preload/index.ts' },
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
});
