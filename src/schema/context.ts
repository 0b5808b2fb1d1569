import DataLoader from 'dataloader'
import { decryptInGraph, type EncryptedValueInput } from '../keys/operations/decrypt.ts'
import type { Dependencies } from '../keys/parts/dependencies.ts'
import { keyAuditEvents } from '../keys/reading/audit-events.ts'
import { usageByCaller } from '../keys/reading/destroy-impact.ts'
import { nodes } from '../keys/reading/nodes.ts'
import type { Page, PageArguments } from '../keys/reading/pages.ts'
import { type SeriesRange, versionUsageSeries } from '../keys/reading/usage-series.ts'
import { deletable, usageOf, versionPages, versionsByNumber } from '../keys/reading/version-pages.ts'
import type {
  AuditEventView,
  FullKeyView,
  FullUserKeyView,
  KeyVersionUsageView,
  KeyVersionView,
  KeyView,
  NodeView,
  RoleBindingView,
  UsageSeriesView,
  VersionCallerView,
} from '../keys/reading/views.ts'
import {
  canReadAudit,
  canView,
  type KeyPermission,
  permissionsOfRoles,
  permissionsOn,
} from '../keys/rules/access.ts'
import type { RequestContext } from '../keys/rules/caller.ts'

/** Context of a request: the parts, the call, and loaders that read whole lists at once. */
export interface Context {
  /** Throws the reason of the call's signal once nobody waits for the answer: no further field begins anything. */
  readonly parts: Dependencies
  readonly call: RequestContext
  /** Built for the first field that needs them: most operations need none. */
  readonly loaders: Loaders
}

/** Builds the function that makes the context of a call. */
export function createContextFactory(parts: Dependencies): (call: RequestContext) => Context {
  return (call) => {
    let loaders: Loaders | null = null
    const context: Context = {
      get parts() {
        call.signal.throwIfAborted()
        return parts
      },
      call,
      get loaders() {
        loaders ??= createLoaders(context)
        return loaders
      },
    }
    return context
  }
}

/** Loaders of one request. They remember nothing: a later mutation must see what an earlier one changed. */
interface Loaders {
  readonly version: DataLoader<{ key: FullKeyView; number: number }, KeyVersionView | null>
  readonly versionPage: DataLoader<Asked<FullKeyView, PageArguments>, Page<KeyVersionView>>
  readonly auditEventPage: DataLoader<Asked<FullUserKeyView, PageArguments>, Page<AuditEventView> | null>
  readonly usage: DataLoader<KeyVersionView, KeyVersionUsageView>
  readonly versionCallers: DataLoader<Asked<KeyVersionView, number>, readonly VersionCallerView[] | null>
  readonly usageSeries: DataLoader<Asked<KeyVersionView, SeriesRange>, UsageSeriesView | null>
  readonly deletable: DataLoader<FullUserKeyView, boolean>
  readonly node: DataLoader<string, NodeView | null>
  readonly decrypted: DataLoader<SelectedValue, Buffer>
}

/** A value whose plaintext is selected, and the name of the operation that selects it. */
interface SelectedValue {
  readonly value: EncryptedValueInput
  readonly operationName: string | null
}

function createLoaders(context: Context): Loaders {
  const { call } = context
  return {
    version: load(async (wanted) => versionsByNumber(context.parts, call, wanted)),
    versionPage: loadGroups((keys, page) => versionPages(context.parts, call, keys, page)),
    auditEventPage: loadGroups((keys, page) => keyAuditEvents(context.parts, call, keys, page)),
    usage: load(async (versions) => usageOf(context.parts, call, versions)),
    versionCallers: loadGroups((versions, days) => usageByCaller(context.parts, call, versions, days)),
    usageSeries: loadGroups((versions, range) => versionUsageSeries(context.parts, call, versions, range)),
    deletable: load(async (keys) => deletable(context.parts, call, keys)),
    node: load(async (ids) => nodes(context.parts, call, ids)),
    decrypted: load(async (selected) => decryptSelected(context, selected)),
  }
}

/** Decrypts all values of a request in one batch. */
async function decryptSelected(
  { parts, call }: Context,
  selected: readonly SelectedValue[],
): Promise<(Buffer | Error)[]> {
  const values = selected.map(({ value }) => value)
  const outputs = await decryptInGraph(parts, call, values, selected[0]?.operationName ?? null)
  return outputs.map((output) => (output instanceof Error ? output : output.plaintext))
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

/** Scopes of fields, with what each is asked about. */
export interface AuthScopes {
  /** Any caller with a verified token. For mutations: the functions of `keys` check permissions, and record refusals. */
  authenticated: boolean
  /** A role that gives this permission. */
  permission: KeyPermission
  /** The key is whole for the caller: decided anew from the facts that travel with the view. */
  wholeKey: KeyView
  /** The same for the key of a version. */
  wholeVersion: KeyVersionView
  /** The caller may read who used the version. */
  auditedVersion: KeyVersionView
  /** The caller may manage the key of the version. */
  managedVersion: KeyVersionView
  /** The caller may read this event: decided anew from the facts that travel with it. */
  readableEvent: AuditEventView
  /** The caller may manage the roles of the project of this binding. */
  managedBinding: RoleBindingView
}

/** Answers of one request: whether its caller has a scope. */
export function authScopesOf({ call: { caller } }: Context): {
  [Scope in keyof AuthScopes]: AuthScopes[Scope] extends boolean
    ? boolean
    : (about: AuthScopes[Scope]) => boolean
} {
  return {
    // Without a verified token no request gets as far as a context.
    authenticated: true,
    permission: (permission) => permissionsOfRoles(caller).includes(permission),
    wholeKey: (key) => key.access === 'full' && canView(caller, key.accessFacts),
    wholeVersion: (version) => canView(caller, version.accessFacts),
    auditedVersion: (version) => canReadAudit(caller, version.accessFacts),
    managedVersion: (version) => permissionsOn(caller, version.accessFacts).includes('MANAGE'),
    readableEvent: ({ projectId, accessFacts }) =>
      projectId === caller.projectId &&
      (accessFacts === null
        ? permissionsOfRoles(caller).includes('READ_AUDIT')
        : canReadAudit(caller, accessFacts)),
    managedBinding: ({ projectId }) =>
      projectId === caller.projectId && permissionsOfRoles(caller).includes('MANAGE_ROLES'),
  }
}
