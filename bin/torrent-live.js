#!/usr/bin/env node
// Runs the built program. Kept in old syntax, so that an old Node says what is wrong instead of failing to parse.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`torrent-live needs Node.js 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(2)
}

import('../dist/cli/main.js').then(
  ({ main }) =>
    main(process.argv.slice(2)).then(code => {
      process.exitCode = code
      // Whatever still holds the process open (a socket in its last state) is not waited for.
      setTimeout(() => process.exit(), 500).unref()
    }),
  error => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('torrent-live is not built here: run "npm run build" first.')
    process.exit(1)
  },
)
