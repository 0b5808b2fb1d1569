import { UnsupportedQueryError } from './errors.ts'
import { type BlindIndexer, createBlindIndexer } from './fields/blind-index.ts'
import { createSchema, type EncryptedFields, type Model, type Schema } from './fields/encrypted-fields.ts'
import type { Keystead } from './fields/keystead.ts'
import { type Fields, isFields } from './fields/rows.ts'
import { createSealer, type Sealer } from './fields/sealer.ts'
import { refuseAggregates, rewriteListArguments, rewriteWhere } from './queries/conditions.ts'
import { openResult, shapeAt, shapeResult } from './queries/results.ts'
import { createRowReader } from './queries/row-reader.ts'
import { requireSealed } from './queries/second-lock.ts'
import { createWork } from './queries/work.ts'
import {
  rewriteCreate,
  rewriteCreateMany,
  rewriteRootUpdate,
  rewriteRootUpsert,
  rewriteUpdateMany,
  type WriteContext,
} from './queries/writes.ts'

/** Options of {@link fieldEncryption}. */
export interface FieldEncryptionOptions {
  /** A client of Keystead (`createClient` of `@keystead/client`). */
  readonly keystead: Keystead
  /** What the generator of this package wrote. */
  readonly fields: EncryptedFields
  /**
   * What to do with a value that is not encrypted: `refuse` is an error, and what applies if not given. `allow` reads it as
   * it is, which is for the time in which existing rows are encrypted: who can write into the database can then give
   * plaintext for ciphertext.
   */
  readonly plaintext?: 'refuse' | 'allow' | undefined
}

/** What the command needs, which finds it on the extended client as `$keystead`. */
export interface EncryptionParts {
  /** The client without encryption. */
  readonly client: object
  readonly schema: Schema
  readonly keystead: Keystead
  readonly sealer: Sealer
  readonly indexer: BlindIndexer
}

/** A client of Prisma, as far as it is extended here. */
interface Extendable {
  $extends(extension: object): unknown
}

interface QueryCall {
  readonly model?: string
  readonly operation: string
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
  readonly __internalParams?: { readonly transaction?: unknown; readonly dataPath?: readonly string[] }
}

/** What `$extends` takes from the extension: the client keeps its types, and gets `$keystead`. */
interface Extension {
  readonly $extends: {
    readonly extArgs: {
      // biome-ignore lint/complexity/noBannedTypes: the type with which Prisma says that nothing is added
      result: {}
      // biome-ignore lint/complexity/noBannedTypes: the same
      model: {}
      // biome-ignore lint/complexity/noBannedTypes: the same
      query: {}
      // A function that gives what the client has under this name, which is a function.
      client: { readonly $keystead: () => () => EncryptionParts }
    }
  }
}

/**
 * Field encryption for Prisma: `new PrismaClient({ adapter }).$extends(fieldEncryption({ keystead, fields }))`. Marked
 * fields are encrypted before they are written, and decrypted after they are read.
 */
export function fieldEncryption({
  keystead,
  fields,
  plaintext = 'refuse',
}: FieldEncryptionOptions): (client: unknown) => Extension {
  const schema = createSchema(fields)
  if (plaintext !== 'refuse' && plaintext !== 'allow')
    throw new TypeError(`plaintext is 'refuse' or 'allow', not ${String(plaintext)}.`)
  const sealer = createSealer(keystead, { plaintext })
  const indexer = createBlindIndexer(keystead)
  return (client) => {
    const base = client as Extendable
    requireSameModels(schema, base)
    const parts: EncryptionParts = { client: base, schema, keystead, sealer, indexer }
    return base.$extends({
      name: '@keystead/prisma',
      client: {
        $keystead: () => parts,
        $extends(extension: unknown) {
          refuseQueries(extension)
          return (base.$extends as (extension: unknown) => unknown).call(this, extension)
        },
      },
      query: {
        $allOperations(call: QueryCall) {
          if (call.__internalParams === undefined) {
            throw new Error('This release of Prisma is not supported: @keystead/prisma needs Prisma 7.')
          }
          return runQuery(parts, call)
        },
      },
    }) as Extension
  }
}

/**
 * Refuses extensions with a `query` part: Prisma runs the queries of later extensions inside this one, where they would
 * write plaintext and read ciphertext. A function that makes an extension ends here again with what it made.
 */
function refuseQueries(extension: unknown): void {
  if (typeof extension !== 'object' || extension === null) return
  const { name, query } = extension as { readonly name?: unknown; readonly query?: unknown }
  if (query === undefined || query === null) return
  throw new TypeError(
    `The extension ${typeof name === 'string' ? `"${name}" ` : ''}has a query part and is added after fieldEncryption: its values would be stored as plaintext. Add it before: new PrismaClient(…).$extends(yours).$extends(fieldEncryption(…)).`,
  )
}

async function runQuery(parts: EncryptionParts, call: QueryCall): Promise<unknown> {
  const { model, args, query, __internalParams } = call
  // Raw queries see what is stored.
  if (model === undefined) return query(args)
  const prepared = await prepare(parts, call, parts.schema.model(model))
  // In an array of `$transaction`, Prisma sends nothing before all queries of the array are here.
  const result = await query(prepared.args)
  if (prepared.shape !== null) {
    const shape = shapeAt(parts.schema, prepared.shape, __internalParams?.dataPath ?? [])
    await openResult(parts.sealer, shape, result)
  }
  return result
}

/** Operations that return rows. */
const withRows = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'create',
  'createManyAndReturn',
  'update',
  'updateManyAndReturn',
  'upsert',
  'delete',
])

async function prepare(parts: EncryptionParts, call: QueryCall, model: Model) {
  const { schema, client, sealer, indexer } = parts
  const args: Fields = isFields(call.args) ? call.args : {}
  const work = createWork({ sealer, indexer })
  const reader = createRowReader(client, call.__internalParams?.transaction)
  const { _clientVersion: clientVersion = '' } = client as { readonly _clientVersion?: string }
  const context: WriteContext = { schema, work, reader, clientVersion }
  await rewriteArguments(context, { model, operation: call.operation, args })
  const shape = withRows.has(call.operation) ? shapeResult(context, model, args) : null
  await work.finish()
  for (const data of [args['data'], args['create'], args['update']]) requireSealed(context, model, data)
  return { args: call.args === undefined && Object.keys(args).length === 0 ? undefined : args, shape }
}

async function rewriteArguments(
  context: WriteContext,
  { model, operation, args }: { readonly model: Model; readonly operation: string; readonly args: Fields },
): Promise<void> {
  switch (operation) {
    case 'findUnique':
    case 'findUniqueOrThrow':
    case 'findFirst':
    case 'findFirstOrThrow':
    case 'findMany':
    case 'count':
      return rewriteListArguments(context, model, args)
    case 'aggregate':
    case 'groupBy':
      return refuseAggregates(context, model, args)
    case 'delete':
    case 'deleteMany':
      return rewriteWhere(context, model, args['where'])
    case 'create':
      return isFields(args['data'])
        ? rewriteCreate(context, { model, data: args['data'], link: new Map() })
        : undefined
    case 'createMany':
    case 'createManyAndReturn':
      return rewriteCreateMany(context, model, args)
    case 'update':
      return rewriteRootUpdate(context, model, args)
    case 'updateMany':
    case 'updateManyAndReturn':
      return rewriteUpdateMany(context, model, args)
    case 'upsert':
      return rewriteRootUpsert(context, model, args)
    default:
      throw new UnsupportedQueryError(
        `${model.name}.${operation} is not known to @keystead/prisma, which cannot tell what it does with encrypted fields.`,
      )
  }
}

/** Compares models with those of the client. A file of another schema would leave fields without encryption. */
function requireSameModels(schema: Schema, client: unknown): void {
  const { _runtimeDataModel: dataModel } = client as {
    readonly _runtimeDataModel?: {
      readonly models: Readonly<Record<string, { readonly fields: readonly { readonly name: string }[] }>>
    }
  }
  if (dataModel === undefined) throw new TypeError('fieldEncryption extends a client of Prisma 7.')
  for (const [name, { fields }] of Object.entries(dataModel.models)) {
    const known = schema.models.get(name)
    const missing = fields.find((field) => !known?.fields.has(field.name))
    const gone = [...(known?.fields.keys() ?? [])].find(
      (field) => !fields.some((each) => each.name === field),
    )
    const different = known === undefined ? name : (missing?.name ?? gone)
    if (different === undefined) continue
    throw new Error(
      `The file of encrypted fields does not fit the Prisma client: ${known === undefined ? different : `${name}.${different}`} is in one of them only. Run \`npx prisma generate\` with both generators.`,
    )
  }
}
