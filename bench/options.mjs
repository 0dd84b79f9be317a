// What every measure shares: loopback only, no discovery, no limits.
/** @param {Partial<import('../dist/index.js').ClientOptions> & { storeDirectory: string }} given */
export function options(given) {
  return {
    stateDirectory: `${given.storeDirectory}.state`,
    connections: 20,
    downLimit: Number.POSITIVE_INFINITY,
    upLimit: Number.POSITIVE_INFINITY,
    storeLimit: Number.POSITIVE_INFINITY,
    share: { kind: 'off' },
    useDht: false,
    bootstrap: [],
    allowPrivate: true,
    port: 0,
    ...given,
  }
}
