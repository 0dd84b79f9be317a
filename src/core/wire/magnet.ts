// What a user may paste: a magnet link (BEP 9, 52, 53) or a bare infohash.

export interface Magnet {
  /** 20 bytes. Absent where only a v2 infohash is given. */
  readonly infohash1?: Uint8Array | undefined
  /** 32 bytes. */
  readonly infohash2?: Uint8Array | undefined
  /** 20 bytes, what peers and the DHT call the torrent. */
  readonly infohash: Uint8Array
  /** `dn`: for people, until the metadata says otherwise. */
  readonly name?: string | undefined
  /** `x.pe`: host names are left as they are, to be resolved by whoever may. */
  readonly peers: readonly { readonly host: string; readonly port: number }[]
  /** `so`: file indexes, sorted, each once; `undefined`: all. */
  readonly select?: readonly number[] | undefined
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** `xs` and `as`: where a .torrent file may be had. */
  readonly exactSources: readonly string[]
}

/** Why a text is no source: a fixed word for the program and one sentence for the user. */
export interface MagnetProblem {
  readonly problem: 'not-a-source' | 'no-infohash' | 'infohash-malformed' | 'too-long'
  readonly message: string
}
