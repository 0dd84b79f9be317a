// The future: events ordered by time, then by the order in which they were planned.

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** A binary heap of what will happen. */
export class EventHeap {
  readonly #events: Event[] = []
  #planned = 0

  get size(): number {
    return this.#events.length
  }

  /** When the next event is due; `Infinity` where nothing is planned. */
  get nextAtMs(): number {
    return this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  plan(atMs: number, run: () => void): void {
    const events = this.#events
    const event = { atMs, order: this.#planned++, run }
    let index = events.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = events[parent] as Event
      if (!isBefore(event, above)) break
      events[index] = above
      index = parent
    }
    events[index] = event
  }

  /** Takes the next event out; `undefined` where nothing is planned. */
  take(): Event | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (first === undefined || last === undefined || events.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= events.length) break
      const right = child + 1
      if (right < events.length && isBefore(events[right] as Event, events[child] as Event))
        child = right
      const below = events[child] as Event
      if (!isBefore(below, last)) break
      events[index] = below
      index = child
    }
    events[index] = last
    return first
  }
}
