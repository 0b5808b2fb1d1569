/** A folder below `src`, what it is for, and what it may import. */
export interface Layer {
  /** Path below `src`. Files belong to the longest path that fits. */
  readonly folder: string
  /** What belongs there, for docs/architecture.md. */
  readonly purpose: string
  /** Folders and files below `src` that it may import besides itself and the leaves. */
  readonly imports: readonly string[]
}

/** Files that everything may import, and that import nothing of the project but each other. */
export const leaves = [
  'errors.ts',
  'ids.ts',
  'clock.ts',
  'counted.ts',
  'durable-files.ts',
  'fair-queue.ts',
  'secret-file.ts',
  'system-errors.ts',
  'version.ts',
] as const

/** Files beside the layers that configure and log. They import each other, leaves and `crypto`. */
export const settingsFiles = ['config.ts', 'setting-values.ts', 'log.ts'] as const

/** Files and folders that put the layers together and may import all of them. */
export const wiring = [
  'app.ts',
  'memory-limit.ts',
  'open-files.ts',
  'open-login.ts',
  'open-observer.ts',
  'open-parts.ts',
  'open-root-keys.ts',
  'open-sinks.ts',
  'outages.ts',
  'readiness.ts',
  'reload.ts',
  'tls-files.ts',
  'main.ts',
  'cli',
] as const

/** Layers that every room of `keys` above the rules may import. */
const belowKeys = ['keyring', 'crypto', 'audit', 'store']

/** The layers, lowest first. The linter's rules, docs/architecture.md and a test are made from this table. */
export const layers: readonly Layer[] = [
  {
    folder: 'crypto',
    purpose: 'Cryptography on bytes, and the table of algorithms.',
    imports: [],
  },
  {
    folder: 'store',
    purpose: 'Rows in PostgreSQL, or in PGlite in the data folder.',
    imports: [],
  },
  {
    folder: 'audit',
    purpose: 'Records events in hash chains before anything is answered; verifies, exports and prunes them.',
    imports: ['store', 'crypto'],
  },
  {
    folder: 'keyring',
    purpose: 'Plaintext key material and its lifetime: root key, envelope, MAC of policy fields, cache.',
    imports: ['crypto', 'store'],
  },
  {
    folder: 'keyring/providers',
    purpose: 'Root key providers, which wrap and unwrap. No rows.',
    imports: ['keyring/root-key-provider.ts', 'crypto'],
  },
  {
    folder: 'keys/rules',
    purpose: 'Pure rules: access, lifecycle, calendar, subjects, input, errors. No I/O.',
    imports: ['crypto', 'store/subjects.ts', 'store/rows/skipped-versions.ts'],
  },
  {
    folder: 'keys/parts',
    purpose:
      'Shared parts of the domain layer: one request with its audit context, the usage counter, the change hub.',
    imports: ['keys/rules', ...belowKeys],
  },
  {
    folder: 'keys/reading',
    purpose: 'Views, lists, pages, audit events, destroy impact, explanations of access.',
    imports: ['keys/rules', 'keys/parts', ...belowKeys],
  },
  {
    folder: 'keys/changing',
    purpose: 'Creating and changing keys, versions and access lists; imports; operator changes.',
    imports: ['keys/rules', 'keys/parts', 'keys/reading', ...belowKeys],
  },
  {
    folder: 'keys/operations',
    purpose: 'Cryptographic operations on one version or in batches.',
    imports: ['keys/rules', 'keys/parts', 'keys/reading', 'keys/changing', ...belowKeys],
  },
  {
    folder: 'keys/watching',
    purpose: 'Subscriptions: one key, or the list of keys.',
    imports: ['keys/rules', 'keys/parts', 'keys/reading', ...belowKeys],
  },
  {
    folder: 'keys/housekeeping',
    purpose: 'Background work: due rotations, destructions, clean-up.',
    imports: ['keys/rules', 'keys/parts', 'keys/changing', ...belowKeys],
  },
  {
    folder: 'backup',
    purpose: 'Encrypted backup files, and the checks of a restore. Used by commands only.',
    imports: ['keys', ...belowKeys],
  },
  {
    folder: 'command-line',
    purpose: 'What commands are: their options, help texts and completion in shells. Loads nothing else.',
    imports: [],
  },
  {
    folder: 'operator',
    purpose: 'Operator commands, and the socket through which a running server executes them.',
    imports: ['command-line', 'backup', 'keys', ...belowKeys, 'config.ts', 'log.ts'],
  },
  {
    folder: 'user',
    purpose: 'Commands for users, over the client package. Loads nothing of the server.',
    imports: ['command-line', '../packages/client/src/index.ts'],
  },
  {
    folder: 'schema',
    purpose: 'The GraphQL schema with its descriptions. No rules, no SQL, no cryptography.',
    imports: ['keys'],
  },
  {
    folder: 'auth',
    purpose: 'Authentication: from a token to a caller. Never decides what is allowed.',
    imports: ['keys/rules/caller.ts', 'config.ts'],
  },
  {
    folder: 'server/observe',
    purpose: 'Request log, metrics, traces.',
    imports: ['log.ts'],
  },
  {
    folder: 'server/load',
    purpose: 'Admission, slots for bodies, rate limits, shedding.',
    imports: ['server/answer.ts', 'server/observe', 'keys/rules/caller.ts', 'config.ts', 'log.ts'],
  },
  {
    folder: 'server/graphql',
    purpose: 'From the body of a request to the GraphQL result.',
    imports: [
      'server/answer.ts',
      'server/load',
      'server/observe',
      'keys/rules/caller.ts',
      'config.ts',
      'log.ts',
    ],
  },
  {
    folder: 'server',
    purpose: 'HTTP: the ordered list of steps in `http/server.ts`. No keys.',
    imports: ['auth/console-login.ts', 'auth/renewals.ts', 'keys/rules/caller.ts', 'config.ts', 'log.ts'],
  },
  {
    folder: 'workers',
    purpose: 'The processes of one server: the primary one, and its side in each worker. Loads little.',
    imports: [
      'auth/renewals.ts',
      'crypto/slow-work.ts',
      'server/http/metrics-server.ts',
      'server/observe',
      'config.ts',
      'log.ts',
    ],
  },
]

/** The layer that a file or folder below `src` belongs to, if any. */
export function layerOf(path: string): Layer | undefined {
  return layers
    .filter(({ folder }) => isWithin(path, folder))
    .sort((one, other) => other.folder.length - one.folder.length)[0]
}

/** Whether a file below `src` may import another one. */
export function mayImport(from: string, to: string): boolean {
  const layer = layerOf(from)
  if (layer === undefined) return true
  return [layer.folder, ...leaves, ...layer.imports].some((allowed) => isWithin(to, allowed))
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
