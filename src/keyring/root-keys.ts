import {
  type RootKey,
  RootKeyError,
  type RootKeyProvider,
  type RootKeySource,
  WrappedBytesError,
} from './root-key-provider.ts'

/**
 * Holds the root keys of one source, and of the one where they were before while a rotation leads from there to here.
 *
 * @throws RootKeyError if one of them cannot be read
 */
export async function openRootKeys(
  source: RootKeySource,
  previous: RootKeySource | null = null,
): Promise<RootKeyProvider> {
  let held: ReadonlyMap<string, RootKey> = new Map((await load()).map(byName))
  let currentId = [...held.keys()][0]
  let reloading: Promise<void> | null = null

  async function load(): Promise<readonly RootKey[]> {
    return [...(await source.load()), ...((await previous?.load()) ?? [])]
  }

  /** A root key that is asked for by its former name, which it goes by from now on. */
  function adopted(formerId: string): RootKey | undefined {
    const key = [...held.values()].find(({ formerly }) => formerly?.rootKeyId === formerId)
    const formerly = key?.formerly
    if (!formerly) return undefined
    held = new Map([...held.values()].map((each) => (each === key ? formerly : each)).map(byName))
    if (currentId === key.rootKeyId) currentId = formerId
    return formerly
  }

  /** One reading for all who ask at the same time. */
  function reload(): Promise<void> {
    reloading ??= load()
      .then((keys) => {
        // A key that is held under its former name keeps it.
        const named = keys.map((key) =>
          key.formerly && held.has(key.formerly.rootKeyId) ? key.formerly : key,
        )
        const loaded = new Map(named.map(byName))
        held = new Map([...loaded, ...[...held].filter(([id]) => !loaded.has(id))])
      })
      .finally(() => {
        reloading = null
      })
    return reloading
  }

  async function find(rootKeyId: string): Promise<RootKey> {
    const known = held.get(rootKeyId) ?? adopted(rootKeyId)
    if (known !== undefined) return known
    await reload()
    const added = held.get(rootKeyId) ?? adopted(rootKeyId)
    if (added !== undefined) return added
    const ids = [...held.keys()]
    throw new WrappedBytesError(
      `the data was wrapped by root key ${rootKeyId}, but the configured root key${ids.length === 1 ? ' is' : 's are'} ${ids.join(', ')}`,
    )
  }

  return {
    get rootKeyIds() {
      return [...held.keys()]
    },
    get current() {
      const key = currentId === undefined ? undefined : held.get(currentId)
      if (key === undefined) throw new RootKeyError('there is no root key')
      return key
    },
    find,
    adoptNames(rootKeyIds) {
      for (const id of rootKeyIds) adopted(id)
    },
    async use(rootKeyId) {
      currentId = (await find(rootKeyId)).rootKeyId
    },
    reload,
    async checkHealth() {
      for (const key of held.values()) await key.checkHealth()
    },
    add: source.add,
    remove:
      source.remove &&
      (async (rootKeyIds) => {
        await source.remove?.(rootKeyIds)
        held = new Map([...held].filter(([id]) => !rootKeyIds.includes(id)))
      }),
    advice:
      previous === null
        ? source.advice
        : { ...source.advice, remove: `Unset ROOT_KEY_PREVIOUS_PROVIDER. ${source.advice.remove}` },
  }
}

function byName(key: RootKey): [string, RootKey] {
  return [key.rootKeyId, key]
}
