// Ctrl-C and its kin: the first asks the run to stop and save, the second ends it at once.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const

export interface StopSignal {
  readonly signal: AbortSignal
  /** Gives the signals back. */
  release(): void
}

/** @param atOnce what ends the process; called for the second signal. */
export function onStopSignals(atOnce: () => void): StopSignal {
  const stop = new AbortController()
  const heard = () => {
    if (stop.signal.aborted) atOnce()
    else stop.abort()
  }
  // SIGBREAK exists on Windows alone; listening for it elsewhere is allowed and silent.
  for (const name of SIGNALS) process.on(name, heard)
  return {
    signal: stop.signal,
    release() {
      for (const name of SIGNALS) process.off(name, heard)
    },
  }
}
