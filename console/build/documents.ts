import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql'
import { formatDocument } from 'urql'
import type { Plugin } from 'vite'

/** The documents of the console. */
export interface Documents {
  /** Texts by their ID: the format of TRUSTED_DOCUMENTS_FILE. */
  readonly manifest: Readonly<Record<string, string>>
  /** IDs by the name of the operation. */
  readonly ids: Readonly<Record<string, string>>
}

/** Reads all documents in the sources. Each operation has a name of its own, and so has each fragment. */
export function readDocuments(sources: string): Documents {
  const operations = new Map<string, OperationDefinitionNode>()
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const text of globSync('**/*.{ts,tsx}', { cwd: sources }).flatMap((file) =>
    documentsIn(sources, file),
  )) {
    for (const definition of parse(text).definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) keep(operations, definition)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) keep(fragments, definition)
    }
  }
  const texts = [...operations]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, operation]) => [name, textOf(operation, fragments)] as const)
  return {
    manifest: Object.fromEntries(texts.map(([, text]) => [idOf(text), text])),
    ids: Object.fromEntries(texts.map(([name, text]) => [name, idOf(text)])),
  }
}

/** A call of `graphql` with its document. */
const literal = /\bgraphql\(\s*`([^`]*)`/g

function documentsIn(sources: string, file: string): string[] {
  const code = readFileSync(join(sources, file), 'utf8')
  const found = [...code.matchAll(literal)].map(([, text = '']) => text)
  const calls = code.match(/\bgraphql\(/g)?.length ?? 0
  if (found.length !== calls || found.some((text) => text.includes('${'))) {
    throw new Error(`${file}: each call of graphql() must begin with a plain template literal.`)
  }
  return found
}

function keep<Node extends OperationDefinitionNode | FragmentDefinitionNode>(
  kept: Map<string, Node>,
  node: Node,
) {
  const name = node.name?.value
  if (name === undefined) throw new Error(`An operation needs a name: ${print(node)}`)
  if (kept.has(name)) throw new Error(`Two documents are named ${name}. Their IDs are found by their names.`)
  kept.set(name, node)
}

/** The operation with the fragments that it spreads, and `__typename` where urql adds it. */
function textOf(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): string {
  const used = new Map<string, FragmentDefinitionNode>()
  const collect = (node: OperationDefinitionNode | FragmentDefinitionNode): unknown =>
    visit(node, {
      FragmentSpread({ name: { value: name } }) {
        const fragment = fragments.get(name)
        if (fragment === undefined) throw new Error(`There is no fragment ${name}.`)
        if (used.has(name)) return
        used.set(name, fragment)
        collect(fragment)
      },
    })
  collect(operation)
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...used.values()] }
  // The type of urql's result is narrower than that of the same nodes in graphql-js.
  return print(formatDocument(document) as DocumentNode)
}

/** The start of an ID, by which the server finds a document of its console: `withShortIds`. */
export function shortIdOf(id: string): string {
  return id.slice('sha256:'.length).slice(0, 12)
}

function idOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/**
 * Plugin that writes the documents to `documents.json`, from which the server reads what it trusts, and gives the IDs
 * to the code as `virtual:document-ids`. The bundle has their names alone, since the server has the texts. While the code
 * is developed, it has no IDs and sends the texts.
 */
export function trustedDocuments(sources: string): Plugin {
  const name = 'virtual:document-ids'
  const resolved = `\0${name}`
  let ids: Documents['ids'] = {}
  return {
    name: 'keystead:trusted-documents',
    resolveId: (id) => (id === name ? resolved : null),
    transform: {
      filter: { id: /\/console\/src\/.*\.tsx?$/, code: /\bgraphql\(/ },
      handler(code) {
        return this.environment.mode === 'build' ? code.replaceAll(literal, withoutFields) : null
      },
    },
    load: (id) => (id === resolved ? `export const documentIds = ${JSON.stringify(ids)}` : null),
    buildStart() {
      if (this.environment.mode !== 'build') return
      const documents = readDocuments(sources)
      ids = Object.fromEntries(Object.entries(documents.ids).map(([name, id]) => [name, shortIdOf(id)]))
      this.emitFile({
        type: 'asset',
        fileName: 'documents.json',
        source: `${JSON.stringify(documents.manifest, null, 2)}\n`,
      })
    },
  }
}

/** The call with as much of its document as the client needs: what it is, and its name. */
function withoutFields(call: string, text: string): string {
  const [head] = /^\s*(?:query|mutation|subscription|fragment)\s+\w+(?:\s+on\s+\w+)?/.exec(text) ?? []
  return head === undefined ? call : `graphql(\`${head.trim()}{__typename}\``
}
