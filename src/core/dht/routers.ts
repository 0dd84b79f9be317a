// The entrances to the network: their names are resolved when a task needs them and kept for a while, so
// that the resolver, who learns that we use the DHT, is asked rarely.
import { type Address, parseIp } from '../bytes/index.ts'
import type { Millis, RequestId } from '../world/index.ts'
import { type Family, familyOf } from './family.ts'
import { endpointKey, isUsable, type PlaceKey } from './place.ts'

/** Routers that are used; more would only slow the start down. */
export const ROUTERS_MAX = 16
/** Addresses taken of one name. */
const ADDRESSES_PER_ROUTER_MAX = 4
const RESOLVED_FOR_MS = 3_600_000

/** An entrance to the network: a host name (resolved by the verb `resolve`) or an IP in text. */
export interface Router {
  readonly host: string
  readonly port: number
}

/** Who waits for routers: hears of each once; with `isLast` no more will come. */
export interface RouterSeeker {
  enter(nowMs: Millis, addresses: readonly Address[], isLast: boolean): void
}

interface Name {
  readonly router: Router
  /** `undefined` while the resolver has not answered. */
  addresses: readonly Address[] | undefined
  request: RequestId | undefined
  resolvedMs: Millis
}

export class Routers {
  readonly #families: readonly Family[]
  readonly #allowPrivate: boolean
  readonly #resolve: (request: RequestId, host: string) => void
  readonly #names: Name[]
  readonly #seekers = new Set<RouterSeeker>()
  readonly #endpoints = new Set<PlaceKey>()
  #requests = 0

  constructor(options: {
    readonly routers: readonly Router[]
    readonly families: readonly Family[]
    readonly allowPrivate: boolean
    readonly resolve: (request: RequestId, host: string) => void
  }) {
    this.#families = options.families
    this.#allowPrivate = options.allowPrivate
    this.#resolve = options.resolve
    this.#names = options.routers.slice(0, ROUTERS_MAX).map(router => {
      const ip = parseIp(router.host)
      const addresses = ip === undefined ? undefined : this.#usable([ip], router.port)
      return { router, addresses, request: undefined, resolvedMs: Number.POSITIVE_INFINITY }
    })
  }

  /** Whether a router was ever seen at `address`. */
  has(address: Address): boolean {
    return this.#endpoints.has(endpointKey(address))
  }

  /** Tells `seeker` the addresses: the known ones at once, the others as they are resolved. */
  seek(nowMs: Millis, seeker: RouterSeeker): void {
    this.#seekers.add(seeker)
    for (const name of this.#names) {
      if (name.request !== undefined) continue
      if (name.addresses !== undefined && nowMs - name.resolvedMs < RESOLVED_FOR_MS) continue
      name.request = ++this.#requests
      name.addresses = undefined
      this.#resolve(name.request, name.router.host)
    }
    this.#tell(
      nowMs,
      this.#names.flatMap(({ addresses }) => addresses ?? []),
      [seeker],
    )
  }

  /** Takes what the resolver found; nothing where it found nothing. */
  resolved(nowMs: Millis, request: RequestId, ips: readonly Uint8Array[]): void {
    const name = this.#names.find(each => each.request === request)
    if (name === undefined) return
    name.request = undefined
    name.resolvedMs = ips.length === 0 ? Number.NEGATIVE_INFINITY : nowMs
    name.addresses = this.#usable(ips, name.router.port)
    this.#tell(nowMs, name.addresses, [...this.#seekers])
  }

  /** `seeker` has ended; whatever never sought may be named as well. */
  forget(seeker: object): void {
    this.#seekers.delete(seeker as RouterSeeker)
  }

  #tell(nowMs: Millis, addresses: readonly Address[], seekers: readonly RouterSeeker[]): void {
    const isLast = this.#names.every(({ request }) => request === undefined)
    for (const seeker of seekers) {
      if (isLast) this.#seekers.delete(seeker)
      seeker.enter(nowMs, addresses, isLast)
    }
  }

  #usable(ips: readonly Uint8Array[], port: number): readonly Address[] {
    const addresses = ips
      .map(ip => ({ ip, port }))
      .filter(address => isUsable(address, this.#allowPrivate))
      .filter(address => this.#families.includes(familyOf(address)))
      .slice(0, ADDRESSES_PER_ROUTER_MAX)
    for (const address of addresses) this.#endpoints.add(endpointKey(address))
    return addresses
  }
}
