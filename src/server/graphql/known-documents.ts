import type { DocumentNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { textOfDocument } from './check-document.ts'

/** Characters of all documents in the cache. Parsed, each takes some 90 bytes: 45 MB. */
const charactersMax = 500_000

/** Valid documents by their text, so that each is parsed and validated once. */
export interface KnownDocuments {
  /** The parsed document; null if it is not known. */
  find(text: string): DocumentNode | null
  /** Adds a document that has passed validation. */
  add(text: string, document: DocumentNode): void
}

/** Builds the cache. Invalid documents are never in it: anyone could fill it with them. */
export function createKnownDocuments(): KnownDocuments {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: charactersMax,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
  return {
    find: (text) => documents.get(text) ?? null,
    add: (text, document) => void documents.set(text, document),
  }
}

/** Plugin that gives yoga known documents, and adds those that it finds valid. */
export function rememberDocuments(known: KnownDocuments): Plugin {
  return {
    onParse({ params: { source }, setParsedDocument }) {
      const document = known.find(typeof source === 'string' ? source : source.body)
      if (document !== null) setParsedDocument(document)
    },
    onValidate({ params: { documentAST }, setResult }) {
      const text = textOfDocument(documentAST)
      if (text === undefined) return
      if (known.find(text) === documentAST) return setResult([])
      return ({ valid }) => {
        if (valid) known.add(text, documentAST)
      }
    },
  }
}
