/** How an encrypted field is stored: a value of this kind is what callers read and write. */
export type ValueKind = 'text' | 'json' | 'bytes'

/** How a value is changed before its blind index is made, so that equal values of different spelling are found. */
export type Normalisation = 'none' | 'trim' | 'lowercase' | 'email' | 'digits'

/** A mark `@encrypted`. */
export interface EncryptedMark {
  readonly kind: ValueKind
  /** Key of Keystead that wraps the data keys: its ID, name or alias. */
  readonly key: string
  /** Fields of the row that are the encryption context. */
  readonly context: readonly string[]
  /** Table and column to which ciphertext is bound. A renamed column keeps the old name here. */
  readonly name: string
}

/** A mark `@searchable`. */
export interface SearchableMark {
  /** The encrypted field of the same model. */
  readonly of: string
  /** Key of Keystead that makes the codes: its ID, name or alias. */
  readonly key: string
  readonly normalise: Normalisation
  /** Table and column of the encrypted field, which is a part of what is authenticated. */
  readonly name: string
}

/** The value that a field has if none is given, as far as it is known before the database is asked. */
export type KnownDefault =
  | { readonly kind: 'uuid'; readonly version: 4 | 7 }
  | { readonly kind: 'value'; readonly value: string | number | boolean }

/** A relation, as seen from a field. */
export interface Relation {
  readonly model: string
  readonly isList: boolean
  /** Fields of this model that hold the key of the other one; none if the other model holds it. */
  readonly from: readonly string[]
  /** Fields of the other model, in the order of `from`. */
  readonly to: readonly string[]
  /** The field of the other model that is the other end. */
  readonly inverse: string
}

/** A field of a model. */
export interface FieldFacts {
  readonly type: string
  readonly isUuid?: true
  readonly default?: KnownDefault
  readonly relation?: Relation
  readonly encrypted?: EncryptedMark
  readonly searchable?: SearchableMark
}

/** A model of the Prisma schema. */
export interface ModelFacts {
  /** Fields that name a row. */
  readonly id: readonly string[]
  /** Names of unique sets of fields, as `where` has them, with their fields. */
  readonly sets: Readonly<Record<string, readonly string[]>>
  readonly fields: Readonly<Record<string, FieldFacts>>
}

/** What the extension knows of a Prisma schema. `prisma generate` writes it. */
export interface EncryptedFields {
  readonly formatVersion: 1
  readonly models: Readonly<Record<string, ModelFacts>>
}

/** Models, with what follows from their marks. */
export interface Schema {
  model(name: string): Model
  readonly models: ReadonlyMap<string, Model>
}

/** A model, with what follows from its marks. */
export interface Model {
  readonly name: string
  readonly id: readonly string[]
  readonly sets: ReadonlyMap<string, readonly string[]>
  readonly fields: ReadonlyMap<string, FieldFacts>
  readonly encrypted: ReadonlyMap<string, EncryptedMark>
  /** Blind indexes, by the encrypted field. */
  readonly indexes: ReadonlyMap<string, SearchableMark & { readonly field: string }>
  /** Fields to whose values ciphertext is bound: those that name the row, and those of contexts. */
  readonly bound: readonly string[]
  /**
   * Fields that foreign keys of other models hold, if ciphertext is bound to the foreign key, or to one that follows it
   * through further relations.
   */
  readonly referenced: ReadonlyMap<string, string>
}

/** Reads what `prisma generate` wrote. */
export function createSchema(encryptedFields: EncryptedFields): Schema {
  if (encryptedFields?.formatVersion !== 1) {
    throw new TypeError(
      'fields must be what the generator of @keystead/prisma wrote, in format 1. Run `npx prisma generate`.',
    )
  }
  const referenced = new Map<string, Map<string, string>>()
  const models = new Map<string, Model>()
  for (const [name, facts] of Object.entries(encryptedFields.models)) {
    const fields = new Map(Object.entries(facts.fields))
    const encrypted = new Map<string, EncryptedMark>()
    const indexes = new Map<string, SearchableMark & { readonly field: string }>()
    for (const [field, { encrypted: mark, searchable }] of fields) {
      if (mark !== undefined) encrypted.set(field, mark)
      if (searchable !== undefined) indexes.set(searchable.of, { ...searchable, field })
    }
    const contexts = [...encrypted.values()].flatMap(({ context }) => context)
    const bound = encrypted.size === 0 ? [] : [...new Set([...facts.id, ...contexts])]
    const sets = new Map(Object.entries(facts.sets))
    models.set(name, {
      name,
      id: facts.id,
      sets,
      fields,
      encrypted,
      indexes,
      bound,
      get referenced() {
        return referenced.get(name) ?? new Map<string, string>()
      },
    })
  }
  addReferenced(models, referenced)
  return {
    models,
    model(name) {
      const model = models.get(name)
      if (model === undefined) {
        throw new TypeError(
          `The model ${name} is not in the file of encrypted fields. Run \`npx prisma generate\`.`,
        )
      }
      return model
    },
  }
}

/** Adds the fields that bound foreign keys hold, then those that these follow themselves. */
function addReferenced(
  models: ReadonlyMap<string, Model>,
  referenced: Map<string, Map<string, string>>,
): void {
  const pending = [...models.values()].flatMap(({ name, bound }) => bound.map((field) => ({ name, field })))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, field } = next
    for (const [relationField, { relation }] of models.get(name)?.fields ?? []) {
      const to = relation?.to[relation.from.indexOf(field)]
      if (relation === undefined || to === undefined) continue
      const ofModel = referenced.get(relation.model) ?? new Map<string, string>()
      referenced.set(relation.model, ofModel)
      if (ofModel.has(to)) continue
      ofModel.set(to, `${name}.${field} (relation ${relationField})`)
      pending.push({ name: relation.model, field: to })
    }
  }
}

/** Whether ciphertext of the row, or of rows whose keys follow it, is bound to a field. */
export function isFixed({ bound, referenced }: Model, field: string): boolean {
  return bound.includes(field) || referenced.has(field)
}
