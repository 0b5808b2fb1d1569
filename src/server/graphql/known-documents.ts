import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { textOfDocument } from './check-document.ts'
import { type Cost, costOf } from './cost.ts'

/** Characters of all documents that are remembered. Parsed, each takes some 90 bytes: 45 MB. */
const charactersMax = 500_000

/** An operation of a valid document, ready to be executed. */
export interface KnownOperation {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly cost: Cost
}

/** Remembers which documents are valid, so that each is parsed and validated once. */
export interface KnownDocuments {
  /** Null unless the document is known and this picks one of its operations. */
  find(text: string, operationName: string | null | undefined): KnownOperation | null
  /** Parsed if it is known, else null. */
  parsed(text: string): DocumentNode | null
  /** From now on the document is known. */
  add(text: string, document: DocumentNode): void
}

interface Entry {
  readonly document: DocumentNode
  readonly operations: Map<string | null, KnownOperation>
}

/**
 * Builds the memory, which is bounded by the length of what it holds. Documents that are not valid are not in it: a
 * client that has nothing to ask could otherwise fill it with them.
 */
export function createKnownDocuments(): KnownDocuments {
  const documents = new LRUCache<string, Entry>({
    maxSize: charactersMax,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
  return {
    find(text, operationName) {
      const entry = documents.get(text)
      if (entry === undefined) return null
      const { document, operations } = entry
      const known = operations.get(operationName ?? null)
      if (known !== undefined) return known
      const operation = getOperationAST(document, operationName)
      if (!operation) return null
      // There are no more of these than the document has names.
      const added = { document, operation, cost: costOf(document, operationName) }
      operations.set(operationName ?? null, added)
      return added
    },
    parsed: (text) => documents.get(text)?.document ?? null,
    add(text, document) {
      documents.set(text, { document, operations: new Map() })
    },
  }
}

/** Has yoga look for documents there, and put valid ones in. */
export function rememberDocuments(known: KnownDocuments): Plugin {
  return {
    onParse({ params: { source }, setParsedDocument }) {
      const document = known.parsed(textOf(source))
      if (document !== null) setParsedDocument(document)
    },
    onValidate({ params: { documentAST }, setResult }) {
      const text = textOfDocument(documentAST)
      if (text === undefined) return
      if (known.parsed(text) === documentAST) return setResult([])
      return ({ valid }) => {
        if (valid) known.add(text, documentAST)
      }
    },
  }
}

function textOf(source: string | { body: string }): string {
  return typeof source === 'string' ? source : source.body
}
