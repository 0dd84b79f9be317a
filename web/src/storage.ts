// The browser's store for this page, or one that forgets at the next load: a browser that forbids
// storing throws at the mere mention of its own, and a player must play all the same.

export type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export function memoryOf(open: () => Memory): Memory {
  const items = new Map<string, string>()
  const attempt = <Value>(act: (store: Memory) => Value, otherwise: () => Value): Value => {
    try {
      return act(open())
    } catch {
      return otherwise()
    }
  }
  return {
    getItem: key =>
      items.get(key) ??
      attempt(
        store => store.getItem(key),
        () => null,
      ),
    setItem: (key, value) => {
      attempt(
        store => {
          store.setItem(key, value)
          items.delete(key)
        },
        () => {
          items.set(key, value)
        },
      )
    },
    removeItem: key => {
      items.delete(key)
      attempt(
        store => store.removeItem(key),
        () => undefined,
      )
    },
  }
}

export const memory: Memory = memoryOf(() => localStorage)
