#!/usr/bin/env node
// Runs the built program: the bundle where it is newer than the last build of its parts, else the parts.
import { statSync } from 'node:fs'
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`torrent-live needs Node.js 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(2)
}
// Node 22 and later keep compiled code between starts.
module.enableCompileCache?.()

/** Milliseconds since 1970, or 0 where there is no such file. */
const changedMs = path =>
  statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0

const bundleMs = changedMs('../dist/command/main.js')
const isBundled = bundleMs > 0 && bundleMs > changedMs('../dist/tsconfig.tsbuildinfo')
if (!isBundled && changedMs('../dist/cli/main.js') === 0) {
  console.error('torrent-live is not built here: run "npm run build" first.')
  process.exit(1)
}
const { main } = await import(isBundled ? '../dist/command/main.js' : '../dist/cli/main.js')
process.exitCode = await main(process.argv.slice(2))
// Whatever still holds the process open (a socket in its last state) is not waited for.
setTimeout(() => process.exit(), 500).unref()
