// Between wire and swarm: where the bytes of a torrent lie on disk, and how they get there.
export {
  type FileEntry,
  Layout,
  type LayoutSource,
  layoutOf,
  type Span,
  type StoredFile,
} from './layout.ts'
export { PRIVATE_FOLDER } from './names.ts'
export { Store } from './store.ts'
export type { StoreEffect, StoreNotice, StoreOptions, StoreProblem } from './words.ts'
