// Builds the window into out/renderer/: hashed assets, a manifest for whoever serves them, no inline script or style,
// nothing from another host. The policy in the page repeats what the server sends, so that it also holds in Electron.
import { defineConfig } from 'vite';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

export default defineConfig({
  root: 'src/renderer',
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    {
      name: 'content-security-policy',
      apply: 'build',
      transformIndexHtml: () => [
        { tag: 'meta', injectTo: 'head-prepend', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY } },
      ],
    },
  ],
  build: {
    target: 'es2023',
    outDir: '../../out/renderer',
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Shared by the same views: one file of them is smaller than three.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'words', test: /[\\/](program|secrets|time-words)\.ts$/ }] } } },
  },
});
