import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DocumentNode,
  type FieldNode,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { documentLimits, documentLimitsRule } from '../../src/server/graphql/document-limits.ts'

const root = join(import.meta.dirname, '../..')
const operations = globSync('docs/operations/*.graphql', { cwd: root })
  .flatMap((path) => parse(readFileSync(join(root, path), 'utf8')).definitions)
  .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
const cases = operations.map((operation) => [operation.name?.value ?? 'without a name', operation] as const)

/** Fields that disclose plain keys: they are comments, so that they are not selected by accident. */
const leftOut = new Set([
  'GenerateDataKeyPayload.plaintext',
  'GenerateServiceDataKeyPayload.plaintext',
  'GenerateDataKeyPairPayload.privateKeyPlaintext',
])

/** Words that genqlient and others refuse as names of variables. */
const keywords =
  'break case chan class const continue def default defer else enum fallthrough fn for from func go goto if import impl in interface is let map match mod package pass pub range return select struct switch trait type use var where'.split(
    ' ',
  )

/** Calls back for each field of an operation, with the names of the types that its fragments name. */
function eachSelection(
  operation: OperationDefinitionNode,
  look: (field: FieldNode, typeInfo: TypeInfo, fragments: readonly string[]) => void,
): void {
  const typeInfo = new TypeInfo(schema)
  visit(
    operation,
    visitWithTypeInfo(typeInfo, {
      Field(field) {
        const fragments = (field.selectionSet?.selections ?? [])
          .filter((selection) => selection.kind === Kind.INLINE_FRAGMENT)
          .map(({ typeCondition }) => typeCondition?.name.value ?? '')
        look(field, typeInfo, fragments)
      },
    }),
  )
}

describe('docs/operations', () => {
  it('has one operation for each root field that is not for gateways alone', () => {
    const rootFields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
      .flatMap((type) => Object.keys(type?.getFields() ?? {}))
      .filter((name) => !name.startsWith('_'))
    const selected = operations.map(({ selectionSet }) =>
      selectionSet.selections.map((selection) => selection.kind === Kind.FIELD && selection.name.value),
    )
    expect(selected.flat().sort()).toEqual(rootFields.sort())
    expect(selected.every(({ length }) => length === 1)).toBe(true)
  })

  it.each(cases)('%s is accepted by a server, also where it comes alone', (_name, operation) => {
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation] }
    expect(validate(schema, document).map(({ message }) => message)).toEqual([])
    expect(validate(schema, document, [documentLimitsRule]).map(({ message }) => message)).toEqual([])
    const text = print(operation)
    expect(text.length).toBeLessThan(documentLimits.length)
    parse(text, { maxTokens: documentLimits.tokens })
  })

  it.each(cases)(
    '%s spells out all members of unions and interfaces, and no interface',
    (_name, operation) => {
      eachSelection(operation, (field, typeInfo, fragments) => {
        const type = getNamedType(typeInfo.getType())
        if (!isAbstractType(type)) return expect(fragments).toEqual([])
        const members = schema.getPossibleTypes(type).map(({ name }) => name)
        expect(fragments.toSorted(), field.name.value).toEqual(members.toSorted())
        const first = field.selectionSet?.selections[0]
        expect(first?.kind === Kind.FIELD && first.name.value).toBe('__typename')
      })
    },
  )

  it.each(cases)('%s selects all plain fields of results and errors', (_name, operation) => {
    const typeInfo = new TypeInfo(schema)
    visit(
      operation,
      visitWithTypeInfo(typeInfo, {
        InlineFragment({ typeCondition, selectionSet }) {
          const type = schema.getType(typeCondition?.name.value ?? '')
          expect(isInterfaceType(type)).toBe(false)
          if (!isObjectType(type) || !/(?:Payload|Error)$/.test(type.name)) return
          const selected = new Set(
            selectionSet.selections.map((selection) => selection.kind === Kind.FIELD && selection.name.value),
          )
          const missing = Object.keys(type.getFields()).filter(
            (name) => !selected.has(name) && !leftOut.has(`${type.name}.${name}`),
          )
          expect(missing, type.name).toEqual([])
        },
      }),
    )
  })

  it('names no variable with a keyword of a language', () => {
    const names = operations.flatMap(({ variableDefinitions }) =>
      (variableDefinitions ?? []).map(({ variable }) => variable.name.value),
    )
    expect(names.filter((name) => keywords.includes(name))).toEqual([])
  })

  it('leaves out what discloses plain keys', () => {
    const places: string[] = []
    for (const operation of operations) {
      eachSelection(operation, (field, typeInfo) =>
        places.push(`${typeInfo.getParentType()?.name}.${field.name.value}`),
      )
    }
    expect(places.filter((place) => leftOut.has(place))).toEqual([])
    expect(places).toContain('DecryptPayload.plaintext')
  })
})
