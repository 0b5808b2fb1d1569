/** Bounds of cached data keys. Each must be at least 1. */
export interface DataKeyCacheOptions {
  /** Envelopes that one data key encrypts, and that one opened data key decrypts; 10,000 if not given. */
  readonly usesMax?: number | undefined
  /** Bytes of content that one data key encrypts or decrypts before it is replaced; 4 GiB if not given. */
  readonly bytesMax?: number | undefined
  /** How long a data key is kept, in milliseconds; 5 minutes if not given. A withdrawn permission takes so long to count. */
  readonly ageMs?: number | undefined
  /** Data keys at a time; 1,000 if not given. The one that was used longest ago makes room. */
  readonly keysMax?: number | undefined
}

/** A data key in plain form, and what stands for it in envelopes. */
export interface DataKey {
  readonly plaintext: Uint8Array
  readonly wrapped: Uint8Array
  readonly keyId: string
}

/** Cached data keys. */
export interface DataKeyCache {
  /**
   * Uses the data key of a name, which `load` gets if there is none that may be used. `use` copies what it needs from the
   * plain key before it returns: the key may be erased any time after. `count` counts bytes that are known only later.
   */
  use<Result>(
    name: string,
    bytes: number,
    load: () => Promise<DataKey>,
    use: (key: DataKey, count: (bytes: number) => void) => Result,
  ): Promise<Result>
  /**
   * Uses the data key of a name if it is there already; null if it must be got first. `use` must be done with the plain key
   * when it returns.
   */
  useNow<Result>(name: string, bytes: number, use: (key: DataKey) => Result): Result | null
  /** Keeps a copy of a data key under another name: what was encrypted can be decrypted without a call. */
  add(name: string, key: DataKey): void
  /** Erases all data keys. */
  clear(): void
}

interface Entry {
  readonly name: string
  readonly key: Promise<DataKey>
  /** The same as `key`, once it is there. */
  loaded: DataKey | null
  readonly endsAt: number
  uses: number
  bytes: number
  /** Callers that were promised this key and have not used it yet. */
  waiting: number
  /** Nobody else gets it. It is erased when nobody waits for it any longer. */
  isRetired: boolean
}

const defaults = { usesMax: 10_000, bytesMax: 2 ** 32, ageMs: 300_000, keysMax: 1000 } as const

/** Builds a cache. Callers that miss the same data key at the same time share one call. */
export function createDataKeyCache(options: DataKeyCacheOptions = {}): DataKeyCache {
  const bounds = { ...defaults, ...withoutUndefined(options) }
  for (const [name, value] of Object.entries(bounds)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `dataKeys.${name} must be an integer of at least 1, got ${value}. With usesMax 1 each envelope has a data key of its own.`,
      )
    }
  }
  /** In the order of their last use. */
  const entries = new Map<string, Entry>()
  let timer: ReturnType<typeof setTimeout> | null = null

  function retire(entry: Entry): void {
    if (entries.get(entry.name) === entry) entries.delete(entry.name)
    entry.isRetired = true
    eraseIfDone(entry)
  }

  function eraseIfDone({ isRetired, waiting, key }: Entry): void {
    if (!isRetired || waiting > 0) return
    key.then(
      ({ plaintext }) => plaintext.fill(0),
      () => {},
    )
  }

  function put(name: string, key: Promise<DataKey>): Entry {
    const endsAt = Date.now() + bounds.ageMs
    const counts = { uses: 0, bytes: 0, waiting: 0 }
    const entry: Entry = { name, key, loaded: null, endsAt, ...counts, isRetired: false }
    const [oldest] = entries.values()
    if (entries.size >= bounds.keysMax && oldest !== undefined) retire(oldest)
    entries.set(name, entry)
    // The next caller tries again; those who wait for this one are told by the promise itself.
    key.then(
      (loaded) => {
        entry.loaded = loaded
      },
      () => retire(entry),
    )
    wake()
    return entry
  }

  /** Erases at its end what nobody asks for any more. */
  function wake(): void {
    if (timer !== null || entries.size === 0) return
    const endsAt = Math.min(...[...entries.values()].map((entry) => entry.endsAt))
    timer = setTimeout(
      () => {
        timer = null
        for (const entry of [...entries.values()]) if (entry.endsAt <= Date.now()) retire(entry)
        wake()
      },
      Math.min(Math.max(endsAt - Date.now(), 0) + 1, 2 ** 31 - 1),
    )
    // A program does not run longer because of it.
    const { unref } = timer as unknown as { readonly unref?: () => void }
    unref?.call(timer)
  }

  function isFull({ uses, bytes }: Entry): boolean {
    return uses >= bounds.usesMax || bytes >= bounds.bytesMax
  }

  function usable(name: string): Entry | null {
    const entry = entries.get(name)
    if (entry === undefined) return null
    // A timer may be late.
    if (Date.now() < entry.endsAt && !isFull(entry)) return entry
    retire(entry)
    return null
  }

  function count(entry: Entry, bytes: number): void {
    entry.uses += 1
    entry.bytes += bytes
    entry.waiting += 1
    // The last one to be used is the last to make room.
    entries.delete(entry.name)
    entries.set(entry.name, entry)
    if (isFull(entry)) retire(entry)
  }

  return {
    async use(name, bytes, load, use) {
      const entry = usable(name) ?? put(name, load())
      count(entry, bytes)
      try {
        return use(await entry.key, (more) => {
          entry.bytes += more
        })
      } finally {
        entry.waiting -= 1
        eraseIfDone(entry)
      }
    },
    useNow(name, bytes, use) {
      const entry = usable(name)
      if (entry === null || entry.loaded === null) return null
      count(entry, bytes)
      try {
        return use(entry.loaded)
      } finally {
        entry.waiting -= 1
        eraseIfDone(entry)
      }
    },
    add(name, key) {
      if (entries.has(name)) return
      put(name, Promise.resolve({ ...key, plaintext: key.plaintext.slice() }))
    },
    clear() {
      for (const entry of [...entries.values()]) retire(entry)
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}

function withoutUndefined(options: DataKeyCacheOptions): Partial<Record<keyof DataKeyCacheOptions, number>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
