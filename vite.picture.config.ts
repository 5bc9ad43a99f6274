// Builds the overview as a program for the engine: snapshot and history in, markup out (docs/decisions/0007-first-picture.md). One file
// in out/picture/, loaded when a browser asks for the page; beside out/renderer/, from where everything is served.
import { defineConfig } from 'vite';
import { oneByteText } from './vite.config.ts';

export default defineConfig({
  plugins: [oneByteText],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  ssr: { noExternal: true },
  build: {
    ssr: 'src/renderer/picture.tsx',
    target: 'node24',
    outDir: 'out/picture',
    emptyOutDir: true,
    rolldownOptions: {
      // Views that are opened later are never part of the first picture.
      external: /views\/(service|incidents|settings|watch)\.tsx$/,
      output: {
        format: 'esm',
        entryFileNames: '[name].js',
        minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      },
    },
  },
});
