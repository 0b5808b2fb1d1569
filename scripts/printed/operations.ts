import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql'
import { schema } from '../../src/schema/index.ts'
import type { PrintedFile } from './printed-file.ts'

/** Fields that disclose plain keys by being selected: callers add them where they use them at once. */
const disclosing = new Set([
  'GenerateDataKeyPayload.plaintext',
  'GenerateServiceDataKeyPayload.plaintext',
  'GenerateDataKeyPairPayload.privateKeyPlaintext',
])

/** Arguments of pages that come with their defaults. */
const leftOutArguments = new Set(['last', 'before'])

/** As biome.json has it. */
const lineWidth = 110

type Field = GraphQLField<unknown, unknown>

/** Objects inside the selected ones are selected so deep, with their plain fields. */
const depthMax = 3

function argumentsOf({ args }: Field): readonly GraphQLArgument[] {
  return args.filter(({ name }) => !leftOutArguments.has(name))
}

/** Operations of one root type, each with all members of its union and all of their plain fields. */
function operationsOf(kind: 'query' | 'mutation' | 'subscription', root: GraphQLObjectType): string {
  return Object.values(root.getFields())
    .filter(({ name }) => !name.startsWith('_'))
    .map((field) => operationOf(kind, field))
    .join('\n\n')
}

function operationOf(kind: string, field: Field): string {
  const given = argumentsOf(field)
  const variables = given.map((argument) => `$${variableOf(argument)}: ${String(argument.type)}`)
  const passed = given.map((argument) => `${argument.name}: $${variableOf(argument)}`)
  const name = `${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}`
  return [
    `${listed(`${kind} ${name}`, variables, '')} {`,
    `${listed(`  ${field.name}`, passed, '  ')} {`,
    ...selectionOf(field, { indent: '    ', depth: 0, isInList: false }),
    '  }',
    '}',
  ].join('\n')
}

/** A list in parentheses after its head: in one line where it fits, as Biome formats it. */
function listed(head: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return head
  const line = `${head}(${items.join(', ')})`
  if (line.length + ' {'.length <= lineWidth) return line
  return [`${head}(`, ...items.map((item) => `${indent}  ${item}`), `${indent})`].join('\n')
}

/** Name of the variable of an argument; genqlient refuses keywords of Go, and others those of Python. */
function variableOf({ name, type }: GraphQLArgument): string {
  if (name === 'from') return 'start'
  if (name !== 'type') return name
  const typeName = getNamedType(type).name
  return `${typeName.charAt(0).toLowerCase()}${typeName.slice(1)}`
}

/** Where a selection stands. */
interface Place {
  readonly indent: string
  readonly depth: number
  readonly isInList: boolean
}

function selectionOf({ type }: Field, place: Place): readonly string[] {
  const named = getNamedType(type)
  const inside = { ...place, isInList: place.isInList || isListType(getNullableType(type)) }
  if (isObjectType(named)) return fieldsOf(named, inside)
  if (!isUnionType(named) && !isInterfaceType(named)) throw new TypeError(`${named.name} has no fields`)
  const { indent } = place
  return [
    `${indent}__typename`,
    ...schema
      .getPossibleTypes(named)
      .flatMap((member) => [
        `${indent}... on ${member.name} {`,
        ...fieldsOf(member, { ...inside, indent: `${indent}  ` }),
        `${indent}}`,
      ]),
  ]
}

function fieldsOf(type: GraphQLObjectType, place: Place): readonly string[] {
  const { indent, depth, isInList } = place
  return Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type)
    const name = `${type.name}.${field.name}`
    if (disclosing.has(name)) return [`${indent}# ${field.name}: ${field.description?.split('. ')[0]}.`]
    if (field.args.some(isRequiredArgument)) return []
    if (isLeafType(named)) return [`${indent}${field.name}`]
    // A page of 200 keys with a whole access list each has more values than a document may ask for.
    if (isInList && name === 'UserKey.accessList') return []
    const isPlain = isObjectType(named) && isSelected(type, field)
    const isSubject = isUnionType(named) || name === 'KeyEvent.key'
    if (depth >= depthMax || !(isPlain || isSubject || field.name === 'nodes')) return []
    const inside = { ...place, indent: `${indent}  `, depth: depth + 1 }
    return [`${indent}${field.name} {`, ...selectionOf(field, inside), `${indent}}`]
  })
}

/** Leaves out pages inside of objects, ways back to the object that one comes from, and edges, which repeat the nodes. */
function isSelected(type: GraphQLObjectType, field: Field): boolean {
  const named = getNamedType(field.type)
  if (named.name.endsWith('Connection') || field.name === 'edges') return false
  const isInsideKey = type.name === 'UserKey' || type.name === 'ServiceKey' || type.name === 'KeyVersion'
  return (
    !isInsideKey ||
    ['automaticRotation', 'defaultVersion', 'owner', 'createdBy', 'accessList'].includes(field.name)
  )
}

function documentOf(
  kind: 'query' | 'mutation' | 'subscription',
  plural: string,
  root: GraphQLObjectType | null | undefined,
): PrintedFile {
  return {
    path: `docs/operations/${plural}.graphql`,
    source: 'src/schema',
    print() {
      if (!root) throw new TypeError(`the schema has no ${kind} type`)
      return `# Every ${kind} with all members of its result, for generators that accept no interface inside of a union.\n# Made by npm run print. Take what you need, and leave out the fields that you do not read.\n\n${operationsOf(kind, root)}\n`
    },
  }
}

/** Documents with every operation spelled out. */
export const operationDocuments: readonly PrintedFile[] = [
  documentOf('query', 'queries', schema.getQueryType()),
  documentOf('mutation', 'mutations', schema.getMutationType()),
  documentOf('subscription', 'subscriptions', schema.getSubscriptionType()),
]
