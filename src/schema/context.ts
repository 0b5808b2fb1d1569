import DataLoader from 'dataloader'
import type { Call } from '../keys/caller.ts'
import type { Domain, Page, PageArguments } from '../keys/domain.ts'
import type {
  FullUserKeyView,
  KeyVersionUsageView,
  KeyVersionView,
  NodeView,
  ServiceKeyView,
} from '../keys/views.ts'

type FullKeyView = FullUserKeyView | ServiceKeyView

/** What resolvers have at hand: the domain, who calls it, and loaders that ask it once for a whole list. */
export interface Context {
  readonly domain: Domain
  readonly call: Call
  readonly loaders: {
    readonly version: DataLoader<{ key: FullKeyView; number: number }, KeyVersionView | null>
    readonly versionPage: DataLoader<{ key: FullKeyView; page: PageArguments }, Page<KeyVersionView>>
    readonly usage: DataLoader<KeyVersionView, KeyVersionUsageView>
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
      versionPage: new DataLoader((wanted) => loadVersionPages(domain, call, wanted), { cache: false }),
      usage: new DataLoader((versions) => domain.usage(call, versions), { cache: false }),
      deletable: new DataLoader((keys) => domain.deletable(call, keys), { cache: false }),
      node: new DataLoader((ids) => domain.nodes(call, ids), { cache: false }),
    },
  }
}

/** Lists of different keys with the same arguments are one question; aliases with others are another. */
async function loadVersionPages(
  domain: Domain,
  call: Call,
  wanted: readonly { key: FullKeyView; page: PageArguments }[],
): Promise<(Page<KeyVersionView> | Error)[]> {
  const indexed = wanted.map((each, index) => ({ ...each, index }))
  const results: (Page<KeyVersionView> | Error)[] = []
  for (const group of Map.groupBy(indexed, ({ page }) => JSON.stringify(page)).values()) {
    const [first] = group
    if (first === undefined) continue
    const pages = await domain
      .versionPages(
        call,
        group.map(({ key }) => key),
        first.page,
      )
      .catch((error: Error) => group.map(() => error))
    for (const [position, { index }] of group.entries()) {
      results[index] = pages[position] ?? new TypeError('a page for each key')
    }
  }
  return results
}
