// Builds the headless engine and command line into out/. The entry is split so that a client command loads only what it
// needs. Dependencies are bundled, which leaves out what is not used of them (docs/decisions/0004-memory.md); the two
// that carry programs of their own stay outside.
import { defineConfig, type Plugin } from 'vite';

/** One character beyond Latin-1 makes V8 keep the whole text of a chunk at two bytes a character, for as long as it runs. */
export const oneByteText: Plugin = {
  name: 'one-byte-text',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

/**
 * What nearly every command loads, in two files instead of thirty: Node resolves each import of each file anew, and over a hundred of
 * them made V8 optimize its own path functions, for which it touches 6 MB of its compiler (docs/decisions/0004-memory.md).
 */
const SMALL = [
  /[\\/]fastest-levenshtein[\\/]/,
  /[\\/]src[\\/]contract[\\/](errors|home|keeper|match|port-words|process-tree|routes|scrub|time|units)\.ts$/,
  /[\\/]src[\\/]cli[\\/](io|version)\.ts$/,
  /[\\/]src[\\/]api[\\/]client\.ts$/,
  /[\\/]src[\\/]engine[\\/](address|expand-path|system|identify-service|keeper-of-command)\.ts$/,
  /[\\/]src[\\/]engine[\\/]keep[\\/](durable-file|home|socket-path)\.ts$/,
  /[\\/]src[\\/]engine[\\/]probe[\\/](find|port-owner|run-tool|working-directory)\.ts$/,
];
const SHAPES = [
  /[\\/](zod|jsonc-parser)[\\/]/,
  /[\\/]src[\\/]contract[\\/]/,
  /[\\/]src[\\/]api[\\/]input\.ts$/,
  /[\\/]src[\\/]engine[\\/](start-service|setup)\.ts$/,
  /[\\/]src[\\/]engine[\\/]keep[\\/]config/,
];
const oneOf = (patterns: readonly RegExp[]) => (id: string) => patterns.some((pattern) => pattern.test(id));

export default defineConfig({
  plugins: [oneByteText],
  ssr: { noExternal: true, external: ['systeminformation', 'node-notifier'] },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'out',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { 'cli/index': 'src/cli/index.ts' },
      output: {
        format: 'esm',
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name]-[hash].js',
        // Names stay, for the stack of an error; comments and spaces would stay in memory.
        codeSplitting: {
          groups: [
            { name: 'small', test: oneOf(SMALL), priority: 2 },
            { name: 'shapes', test: oneOf(SHAPES), priority: 1, minShareCount: 2 },
          ],
        },
        minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      },
    },
  },
});
