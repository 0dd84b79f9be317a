// Floor 6: the client over HTTP.

export type { Torrents } from './find.ts'
export { openServer, type RunningServer, type ServerOptions } from './open-server.ts'
