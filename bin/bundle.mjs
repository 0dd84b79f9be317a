// Bundles the built command into dist/command: one file to load instead of a hundred saves 60 ms before the first byte.
// What is loaded later (the interface, the checks of bodies, other commands) stays in files of its own.
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(`../${path}`, import.meta.url))

await rm(here('dist/command'), { recursive: true, force: true })
await build({
  entryPoints: [here('src/cli/main.ts')],
  // As deep as dist/cli, so that paths relative to the file mean the same in both.
  outdir: here('dist/command'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Optional, with binaries of their own.
  external: ['koffi', '@redis/client'],
  // commander is CommonJS and asks for Node's modules by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
