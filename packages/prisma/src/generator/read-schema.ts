import type { DMMF } from '@prisma/generator-helper'
import { EncryptionSchemaError } from '../errors.ts'
import type {
  EncryptedFields,
  EncryptedMark,
  FieldFacts,
  KnownDefault,
  ModelFacts,
  Normalisation,
  Relation,
  SearchableMark,
  ValueKind,
} from '../fields/encrypted-fields.ts'
import { type Mark, readMarks } from './marks.ts'

type DatabaseModel = DMMF.Model
type DatabaseField = DMMF.Field

const kinds: Readonly<Record<string, ValueKind>> = { String: 'text', Json: 'json', Bytes: 'bytes' }
/** Types of columns that hold text or bytes of any length. */
const unlimited = ['Text', 'LongText', 'MediumText', 'ByteA', 'LongBlob', 'MediumBlob', 'Json', 'JsonB']
/** Types of fields whose values the database gives back as they were written. */
const bindable = ['String', 'Int', 'BigInt']
const bindableColumns = ['Text', 'VarChar', 'Uuid', 'Integer', 'SmallInt', 'BigInt', 'Oid']
const normalisations: readonly Normalisation[] = ['none', 'trim', 'lowercase', 'email', 'digits']

/** Reads models and marks from what Prisma gives to a generator. Throws an error that lists what cannot work. */
export function readSchema({ models, enums }: DMMF.Datamodel): EncryptedFields {
  const problems: string[] = []
  const enumNames = new Set(enums.map(({ name }) => name))
  const facts = models.map(
    (model) => [model.name, readModel(model, { models, enumNames, problems })] as const,
  )
  if (problems.length > 0) throw new EncryptionSchemaError(problems)
  return { formatVersion: 1, models: Object.fromEntries(facts) }
}

interface Surroundings {
  readonly models: readonly DatabaseModel[]
  readonly enumNames: ReadonlySet<string>
  readonly problems: string[]
}

function readModel(model: DatabaseModel, surroundings: Surroundings): ModelFacts {
  const { problems } = surroundings
  const marks = new Map(model.fields.map((field) => [field.name, marksOf(model, field, problems)]))
  const encrypted = new Map<string, EncryptedMark>()
  for (const field of model.fields) {
    const [mark] = marks.get(field.name)?.filter(({ name }) => name === 'encrypted') ?? []
    if (mark === undefined) continue
    const read = readEncrypted({ model, field, mark, surroundings })
    if (read !== null) encrypted.set(field.name, read)
  }
  const searchable = new Map<string, SearchableMark>()
  for (const field of model.fields) {
    const [mark] = marks.get(field.name)?.filter(({ name }) => name === 'searchable') ?? []
    if (mark === undefined) continue
    const read = readSearchable({ model, field, mark, encrypted, problems })
    if (read === null) continue
    if ([...searchable.values()].some(({ of }) => of === read.of))
      problems.push(`${model.name}.${read.of} has two blind indexes; leave one.`)
    searchable.set(field.name, read)
  }
  for (const field of model.fields) {
    const index = [...searchable].find(([, { of }]) => of === field.name)?.[0]
    if (encrypted.has(field.name)) requireUniqueIndex({ model, field, index, problems })
  }
  if (encrypted.size > 0 && identityOf(model).kind !== 'id')
    problems.push(`${model.name} needs an @id or @@id: ciphertext is bound to it.`)
  for (const name of encrypted.size > 0 ? identityOf(model).fields : [])
    requireBindable({ model, place: `Ciphertext of ${model.name}`, name, what: 'its row', surroundings })
  return {
    id: identityOf(model).fields,
    sets: setsOf(model),
    fields: Object.fromEntries(
      model.fields.map((field) => [
        field.name,
        factsOf(field, {
          models: surroundings.models,
          model,
          encrypted: encrypted.get(field.name),
          searchable: searchable.get(field.name),
        }),
      ]),
    ),
  }
}

function marksOf(model: DatabaseModel, field: DatabaseField, problems: string[]): Mark[] {
  try {
    const marks = readMarks(field.documentation ?? '')
    if (marks.length > 1) throw new Error(`has ${marks.length} marks; one field has one mark`)
    return marks
  } catch (error) {
    problems.push(`${model.name}.${field.name}: ${(error as Error).message}.`)
    return []
  }
}

interface MarkOf {
  readonly model: DatabaseModel
  readonly field: DatabaseField
  readonly mark: Mark
}

/** Takes options of a mark, and complains about those that are missing, unknown or of another form. */
function optionsOf({ model, field, mark }: MarkOf, problems: string[]) {
  const place = `${model.name}.${field.name}: @${mark.name}`
  const known = new Set<string>()
  return {
    text(name: string, fallback?: string): string {
      known.add(name)
      const value = mark.options.get(name) ?? fallback
      if (typeof value === 'string' && value !== '') return value
      problems.push(`${place} needs the option ${name}: "…".`)
      return ''
    },
    list(name: string): readonly string[] {
      known.add(name)
      const value = mark.options.get(name) ?? []
      if (typeof value !== 'string') return value
      problems.push(`${place}: ${name} is a list, such as ["${value}"].`)
      return []
    },
    end() {
      for (const name of mark.options.keys()) {
        if (!known.has(name))
          problems.push(`${place} has no option ${name}; its options are ${[...known].join(', ')}.`)
      }
    },
  }
}

function readEncrypted({
  model,
  field,
  mark,
  surroundings,
}: MarkOf & { readonly surroundings: Surroundings }): EncryptedMark | null {
  const { problems } = surroundings
  const place = `${model.name}.${field.name}`
  const options = optionsOf({ model, field, mark }, problems)
  const key = options.text('key')
  const context = options.list('context')
  const name = options.text('name', `${model.dbName ?? model.name}.${field.dbName ?? field.name}`)
  options.end()
  const kind = kinds[field.type]
  if (kind === undefined || field.kind !== 'scalar') {
    problems.push(`${place} is of type ${field.type}: only String, Json and Bytes can be encrypted.`)
    return null
  }
  if (field.isList) problems.push(`${place} is a list: only single values can be encrypted. Use Json.`)
  if (field.hasDefaultValue)
    problems.push(`${place} has a @default, which would be stored as plaintext. Remove it.`)
  if (field.isId || model.primaryKey?.fields.includes(field.name))
    problems.push(`${place} is (a part of) the ID, which cannot be encrypted.`)
  if (isForeignKey(model, field.name)) problems.push(`${place} is a foreign key, which cannot be encrypted.`)
  const [column] = field.nativeType ?? []
  if (column !== undefined && !unlimited.includes(column)) {
    problems.push(
      `${place} has the column type @db.${column}: ciphertext is longer than the value. Use @db.Text, or no @db.`,
    )
  }
  if (context.length > 16)
    problems.push(`${place} has ${context.length} fields of context; Keystead takes at most 16.`)
  for (const each of context) requireBindable({ model, place, name: each, what: 'its context', surroundings })
  return { kind, key, context, name }
}

interface BoundField {
  readonly model: DatabaseModel
  readonly place: string
  readonly name: string
  /** What the field says of the value. */
  readonly what: string
  readonly surroundings: Surroundings
}

function requireBindable({ model, place, name, what, surroundings }: BoundField): void {
  const { problems, enumNames } = surroundings
  const field = model.fields.find((each) => each.name === name)
  if (field === undefined || field.kind === 'object') {
    problems.push(`${place}: ${name}, named as context, is no field of ${model.name} with a value.`)
    return
  }
  if (!field.isRequired || field.isList)
    problems.push(
      `${place} is bound to ${what} by ${name}, which is ${field.isList ? 'a list' : 'optional'}: it must always have one value.`,
    )
  if (/@encrypted\b/.test(field.documentation ?? ''))
    problems.push(`${place} is bound to ${what} by ${name}, which is encrypted itself.`)
  const [column] = field.nativeType ?? []
  if (
    !(bindable.includes(field.type) || enumNames.has(field.type)) ||
    (column !== undefined && !bindableColumns.includes(column))
  ) {
    problems.push(
      `${place} is bound to ${what} by ${name} of type ${field.type}${column === undefined ? '' : ` @db.${column}`}: use String, Int, BigInt or an enum, whose values the database returns as they were written.`,
    )
  }
  if (field.isUpdatedAt || (field.hasDefaultValue && isMadeByDatabase(field))) {
    problems.push(
      `${place} is bound to ${what} by ${name}, which the database makes (${defaultText(field)}): its value must be known before the row is written. Use String with @default(uuid()).`,
    )
  }
}

function isMadeByDatabase({ default: value }: DatabaseField): boolean {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false
  return ['autoincrement', 'dbgenerated', 'sequence', 'now', 'auto'].includes(value.name)
}

function defaultText({ default: value }: DatabaseField): string {
  return typeof value === 'object' && value !== null && 'name' in value ? `@default(${value.name}())` : ''
}

function readSearchable({
  model,
  field,
  mark,
  encrypted,
  problems,
}: MarkOf & {
  readonly encrypted: ReadonlyMap<string, EncryptedMark>
  readonly problems: string[]
}): SearchableMark | null {
  const place = `${model.name}.${field.name}`
  const options = optionsOf({ model, field, mark }, problems)
  const of = options.text('of')
  const source = encrypted.get(of)
  const key = options.text('key', `${source?.key ?? of}-index`)
  const normalise = options.text('normalise', 'none')
  options.end()
  const indexed = model.fields.find(({ name }) => name === of)
  if (source === undefined || indexed === undefined) {
    problems.push(`${place} is a blind index of ${of}, which is no field of ${model.name} with @encrypted.`)
    return null
  }
  if (source.kind !== 'text')
    problems.push(`${place} is a blind index of ${of}, which is ${indexed.type}: only String has one.`)
  if (!normalisations.some((each) => each === normalise))
    problems.push(`${place}: normalise is one of ${normalisations.join(', ')}, not ${normalise}.`)
  if (field.type !== 'String' || field.isList || field.hasDefaultValue || field.isId)
    problems.push(`${place} is a blind index: it must be a String without @default, and no list and no ID.`)
  const [column, [length] = []] = field.nativeType ?? []
  if (column !== undefined && column !== 'Text' && !(column === 'VarChar' && Number(length) >= 64))
    problems.push(`${place} is a blind index of up to 64 characters: use @db.Text or @db.VarChar(64).`)
  if (field.isRequired) {
    problems.push(
      `${place} is a blind index: write String?, since it is written with ${of} and not by callers${indexed.isRequired ? '' : `, and is null where ${of} is`}.`,
    )
  }
  return { of, key, normalise: normalise as Normalisation, name: source.name }
}

function requireUniqueIndex({
  model,
  field,
  index,
  problems,
}: {
  readonly model: DatabaseModel
  readonly field: DatabaseField
  readonly index: string | undefined
  readonly problems: string[]
}): void {
  const place = `${model.name}.${field.name}`
  const indexField = model.fields.find(({ name }) => name === index)
  if (field.isUnique && !indexField?.isUnique) {
    problems.push(
      `${place} is @unique, which ciphertext always is: add a blind index (@searchable(of: "${field.name}")) that is @unique.`,
    )
  }
  if (model.uniqueFields.some((fields) => fields.includes(field.name)))
    problems.push(`${place} is in a @@unique, which ciphertext always is: put its blind index there.`)
}

function isForeignKey(model: DatabaseModel, name: string): boolean {
  return model.fields.some(({ relationFromFields }) => relationFromFields?.includes(name))
}

function identityOf(model: DatabaseModel): { readonly kind: 'id' | 'unique'; readonly fields: string[] } {
  const id = model.fields.find(({ isId }) => isId)
  if (id !== undefined) return { kind: 'id', fields: [id.name] }
  if (model.primaryKey) return { kind: 'id', fields: [...model.primaryKey.fields] }
  const unique = model.fields.find(({ isUnique, isRequired }) => isUnique && isRequired)
  return { kind: 'unique', fields: unique === undefined ? [...(model.uniqueFields[0] ?? [])] : [unique.name] }
}

function setsOf(model: DatabaseModel): ModelFacts['sets'] {
  const sets = [model.primaryKey, ...model.uniqueIndexes].filter((set) => set !== null && set !== undefined)
  return Object.fromEntries(sets.map(({ name, fields }) => [name ?? fields.join('_'), [...fields]]))
}

interface Marked {
  readonly models: readonly DatabaseModel[]
  readonly model: DatabaseModel
  readonly encrypted: EncryptedMark | undefined
  readonly searchable: SearchableMark | undefined
}

function factsOf(field: DatabaseField, { models, model, encrypted, searchable }: Marked): FieldFacts {
  const relation = relationOf(field, model, models)
  const known = defaultOf(field)
  return {
    type: field.type,
    ...(field.nativeType?.[0] === 'Uuid' && { isUuid: true as const }),
    ...(known !== null && { default: known }),
    ...(relation !== null && { relation }),
    ...(encrypted !== undefined && { encrypted }),
    ...(searchable !== undefined && { searchable }),
  }
}

function relationOf(
  field: DatabaseField,
  model: DatabaseModel,
  models: readonly DatabaseModel[],
): Relation | null {
  if (field.kind !== 'object') return null
  const inverse = models
    .find(({ name }) => name === field.type)
    ?.fields.find(
      (each) =>
        each.relationName === field.relationName &&
        each.type === model.name &&
        (field.type !== model.name || each.name !== field.name),
    )
  return {
    model: field.type,
    isList: field.isList,
    from: field.relationFromFields ?? [],
    to: field.relationToFields ?? [],
    inverse: inverse?.name ?? '',
  }
}

function defaultOf({ default: value }: DatabaseField): KnownDefault | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { kind: 'value', value }
  if (typeof value !== 'object' || value === null || !('name' in value) || value.name !== 'uuid') return null
  return { kind: 'uuid', version: String(value.args[0]) === '7' ? 7 : 4 }
}
