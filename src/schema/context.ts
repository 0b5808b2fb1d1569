import DataLoader from 'dataloader'
import type { Call } from '../keys/caller.ts'
import type { Domain, Page, PageArguments } from '../keys/domain.ts'
import type {
  AuditEventView,
  FullUserKeyView,
  KeyVersionUsageView,
  KeyVersionView,
  NodeView,
  ServiceKeyView,
  VersionCallerView,
} from '../keys/views.ts'

type FullKeyView = FullUserKeyView | ServiceKeyView

/** What resolvers have at hand: the domain, who calls it, and loaders that ask it once for a whole list. */
export interface Context {
  readonly domain: Domain
  readonly call: Call
  readonly loaders: {
    readonly version: DataLoader<{ key: FullKeyView; number: number }, KeyVersionView | null>
    readonly versionPage: DataLoader<{ key: FullKeyView; page: PageArguments }, Page<KeyVersionView>>
    readonly auditEventPage: DataLoader<
      { key: FullUserKeyView; page: PageArguments },
      Page<AuditEventView> | null
    >
    readonly usage: DataLoader<KeyVersionView, KeyVersionUsageView>
    readonly versionCallers: DataLoader<
      { version: KeyVersionView; days: number },
      readonly VersionCallerView[] | null
    >
    readonly deletable: DataLoader<FullUserKeyView, boolean>
    readonly node: DataLoader<string, NodeView | null>
  }
}

/**
 * The context of one request. The loaders batch and remember nothing: a mutation later in the same document must see
 * what an earlier one changed.
 */
export function createContext({ domain, call }: { domain: Domain; call: Call }): Context {
  return {
    domain,
    call,
    loaders: {
      version: new DataLoader((wanted) => domain.versionsByNumber(call, wanted), { cache: false }),
      versionPage: new DataLoader(
        (wanted: readonly { key: FullKeyView; page: PageArguments }[]) =>
          loadGroups(
            wanted.map(({ key, page }) => ({ item: key, args: page })),
            (keys, page) => domain.versionPages(call, keys, page),
          ),
        { cache: false },
      ),
      auditEventPage: new DataLoader(
        (wanted: readonly { key: FullUserKeyView; page: PageArguments }[]) =>
          loadGroups(
            wanted.map(({ key, page }) => ({ item: key, args: page })),
            (keys, page) => domain.keyAuditEvents(call, keys, page),
          ),
        { cache: false },
      ),
      versionCallers: new DataLoader(
        (wanted: readonly { version: KeyVersionView; days: number }[]) =>
          loadGroups(
            wanted.map(({ version, days }) => ({ item: version, args: days })),
            (versions, days) => domain.usageByCaller(call, versions, days),
          ),
        { cache: false },
      ),
      usage: new DataLoader((versions) => domain.usage(call, versions), { cache: false }),
      deletable: new DataLoader((keys) => domain.deletable(call, keys), { cache: false }),
      node: new DataLoader((ids) => domain.nodes(call, ids), { cache: false }),
    },
  }
}

/** Lists of different keys with the same arguments are one question; aliases with others are another. */
async function loadGroups<Item, Args, Result>(
  wanted: readonly { item: Item; args: Args }[],
  load: (items: readonly Item[], args: Args) => Promise<readonly Result[]>,
): Promise<(Result | Error)[]> {
  const indexed = wanted.map((each, index) => ({ ...each, index }))
  const results: (Result | Error)[] = []
  for (const group of Map.groupBy(indexed, ({ args }) => JSON.stringify(args)).values()) {
    const [first] = group
    if (first === undefined) continue
    const loaded = await load(
      group.map(({ item }) => item),
      first.args,
    ).catch((error: Error) => group.map(() => error))
    for (const [position, { index }] of group.entries()) {
      const result = loaded[position]
      results[index] = result === undefined ? new TypeError('a result for each item') : result
    }
  }
  return results
}
