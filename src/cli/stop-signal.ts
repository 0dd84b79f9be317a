// Ctrl-C and its kin: the first asks the run to stop and save, the second ends it at once.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const

/**
 * Runs `work` with a signal that aborts at the first of them; the second ends the process with 0, for it was asked to stop.
 */
export async function withStopSignal<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const heard = () => {
    if (stop.signal.aborted) process.exit(0)
    stop.abort()
  }
  // SIGBREAK exists on Windows alone; listening for it elsewhere is allowed and silent.
  for (const name of SIGNALS) process.on(name, heard)
  // The reader of our output went away (`| head`): there is nobody left to tell.
  const unheard = () => stop.abort()
  process.stdout.on('error', unheard)
  try {
    return await work(stop.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, heard)
    process.stdout.off('error', unheard)
  }
}
