// The local address and port that the user chose: whether they can be had, and what to say when not.
import { openUdp } from './udp.ts'

/**
 * Binds a socket to `address` and lets it go, so that a wrong one is told at once: dialling from it would fail
 * silently for ever.
 *
 * @throws Error named `NoSuchAddress`, whose message says what to do.
 */
export async function probeAddress(address: string): Promise<void> {
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  try {
    const udp = await openUdp({ families: [family], bind: { [family]: address }, onData: () => {} })
    await udp.close()
  } catch (error) {
    throw named('NoSuchAddress', noSuchAddress(address), error)
  }
}

/** What a failed `listen` is for the user. */
export function bindError(
  error: unknown,
  { bind, port }: { readonly bind?: string; readonly port: number },
): unknown {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case undefined:
      return error
    case 'EADDRINUSE': {
      const advice = 'end the other program, or choose another with --port.'
      return named('PortInUse', `Port ${port} is in use: ${advice}`, error)
    }
    case 'EACCES':
    case 'EPERM': {
      const advice = 'choose one above 1023 with --port.'
      return named('NotAllowed', `Port ${port} needs more rights: ${advice}`, error)
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return named('NoSuchAddress', noSuchAddress(bind ?? 'any'), error)
    default:
      return named(
        'CannotListen',
        `Cannot listen on port ${port} (${code}): try another --port.`,
        error,
      )
  }
}

const noSuchAddress = (address: string): string =>
  `This machine has no address "${address}": leave --bind out, or correct it.`

const named = (name: string, message: string, cause: unknown): Error =>
  Object.assign(new Error(message, { cause }), { name })
