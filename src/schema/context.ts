import DataLoader from 'dataloader'
import type { DomainParts } from '../keys/parts/parts.ts'
import { keyAuditEvents } from '../keys/reading/audit-events.ts'
import { usageByCaller } from '../keys/reading/destroy-impact.ts'
import { nodes } from '../keys/reading/nodes.ts'
import type { Page, PageArguments } from '../keys/reading/pages.ts'
import { deletable, usageOf, versionPages, versionsByNumber } from '../keys/reading/version-pages.ts'
import type {
  AuditEventView,
  FullUserKeyView,
  KeyVersionUsageView,
  KeyVersionView,
  NodeView,
  ServiceKeyView,
  VersionCallerView,
} from '../keys/reading/views.ts'
import type { Call } from '../keys/rules/caller.ts'

type FullKeyView = FullUserKeyView | ServiceKeyView

/** Context of a request: the parts, the call, and loaders that read whole lists at once. */
export interface Context {
  /** Throws the reason of the call's signal once nobody waits for the answer: no further field begins anything. */
  readonly parts: DomainParts
  readonly call: Call
  readonly loaders: Loaders
}

/** The context of one request. */
export function createContext({ parts, call }: { parts: DomainParts; call: Call }): Context {
  const awaited = {
    get parts() {
      call.signal.throwIfAborted()
      return parts
    },
  }
  return Object.assign(awaited, { call, loaders: new Loaders(awaited, call) })
}

/**
 * Loaders of one request, each made when it is first asked for: most operations need none. They batch and remember
 * nothing: a mutation later in the same document must see what an earlier one changed.
 */
class Loaders {
  readonly #awaited: Pick<Context, 'parts'>
  readonly #call: Call
  #version?: DataLoader<{ key: FullKeyView; number: number }, KeyVersionView | null>
  #versionPage?: DataLoader<Asked<FullKeyView, PageArguments>, Page<KeyVersionView>>
  #auditEventPage?: DataLoader<Asked<FullUserKeyView, PageArguments>, Page<AuditEventView> | null>
  #usage?: DataLoader<KeyVersionView, KeyVersionUsageView>
  #versionCallers?: DataLoader<Asked<KeyVersionView, number>, readonly VersionCallerView[] | null>
  #deletable?: DataLoader<FullUserKeyView, boolean>
  #node?: DataLoader<string, NodeView | null>

  constructor(awaited: Pick<Context, 'parts'>, call: Call) {
    this.#awaited = awaited
    this.#call = call
  }

  get version() {
    this.#version ??= load((wanted) => versionsByNumber(this.#awaited.parts, this.#call, wanted))
    return this.#version
  }

  get versionPage() {
    this.#versionPage ??= loadGroups((keys, page) =>
      versionPages(this.#awaited.parts, this.#call, keys, page),
    )
    return this.#versionPage
  }

  get auditEventPage() {
    this.#auditEventPage ??= loadGroups((keys, page) =>
      keyAuditEvents(this.#awaited.parts, this.#call, keys, page),
    )
    return this.#auditEventPage
  }

  get versionCallers() {
    this.#versionCallers ??= loadGroups((versions, days) =>
      usageByCaller(this.#awaited.parts, this.#call, versions, days),
    )
    return this.#versionCallers
  }

  get usage() {
    this.#usage ??= load((versions) => usageOf(this.#awaited.parts, this.#call, versions))
    return this.#usage
  }

  get deletable() {
    this.#deletable ??= load((keys) => deletable(this.#awaited.parts, this.#call, keys))
    return this.#deletable
  }

  get node() {
    this.#node ??= load((ids) => nodes(this.#awaited.parts, this.#call, ids))
    return this.#node
  }
}

function load<Key, Value>(many: DataLoader.BatchLoadFn<Key, Value>): DataLoader<Key, Value> {
  return new DataLoader(many, { cache: false })
}

/** What is asked of an item, with arguments. */
interface Asked<Item, Args> {
  readonly item: Item
  readonly args: Args
}

/** Lists of different keys with the same arguments are one question; aliases with others are another. */
function loadGroups<Item, Args, Result>(
  answer: (items: readonly Item[], args: Args) => Promise<readonly Result[]>,
): DataLoader<Asked<Item, Args>, Result> {
  return load(async (wanted: readonly Asked<Item, Args>[]) => {
    const indexed = wanted.map((each, index) => ({ ...each, index }))
    const results: (Result | Error)[] = []
    for (const group of Map.groupBy(indexed, ({ args }) => JSON.stringify(args)).values()) {
      const [first] = group
      if (first === undefined) continue
      const answered = await answer(
        group.map(({ item }) => item),
        first.args,
      ).catch((error: Error) => group.map(() => error))
      for (const [position, { index }] of group.entries()) {
        const result = answered[position]
        results[index] = result === undefined ? new TypeError('a result for each item') : result
      }
    }
    return results
  })
}
