import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/**
 * The page is served under `default-src 'self'`: no inline script or style, no data: URL, and nothing that
 * is not a file of its own.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
