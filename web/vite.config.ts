// Builds the page into `dist/web`, where the server finds it. Nothing is inlined, so that the page
// lives under `default-src 'self'`; the mock server answers only `vite` and `vite preview`.
import { defineConfig } from 'vite'
import { mockServer } from './dev/mock-server.ts'

export default defineConfig({
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: true,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [mockServer()],
})
