import {
  type ASTNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Lexer,
  parse,
  Source,
  specifiedRules,
  TokenKind,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql'
import { describeDocumentError } from './document-errors.ts'
import { documentLimits, tooManySteps, tooManyTokens } from './limits.ts'
import { asGraphQLError, RequestError } from './request-errors.ts'

/** Texts of documents that are parsed. */
const texts = new WeakMap<Source, string>()

/**
 * Parses a document. Its nodes know their positions, but not the text: graphql-js looks through it for the line of each error
 * that it makes, and there may be thousands of which few are told. {@link placesOf} finds their lines.
 *
 * @throws GraphQLError with the place of the fault, and without what stands there
 */
export function parseDocument(text: string): DocumentNode {
  try {
    const document = parse(text, { maxTokens: documentLimits.tokens })
    const source = document.loc?.source
    if (source !== undefined) {
      texts.set(source, text)
      source.body = ''
    }
    return document
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    const [position = 0] = error.positions ?? []
    if (tokensBefore(text, position) >= documentLimits.tokens) {
      throw asGraphQLError(new RequestError(tooManyTokens))
    }
    const [location] = error.locations ?? []
    const place = location ? ` at line ${location.line}, column ${location.column}` : ''
    throw asGraphQLError(new RequestError(`The document cannot be read as GraphQL${place}.`), {
      source: error.source,
      positions: error.positions,
    })
  }
}

/** The text that a document was parsed from. */
export function textOfDocument({ loc }: DocumentNode): string | undefined {
  return loc && texts.get(loc.source)
}

/** Places of a document that one error names. */
const placesMax = 10

/** The places of nodes in the text of their document, for an error about them. */
export function placesOf(nodes: readonly ASTNode[]): { source: Source; positions: number[] } | null {
  const [first, ...others] = nodes.slice(0, placesMax).flatMap(({ loc }) => loc ?? [])
  const text = first && texts.get(first.source)
  if (first === undefined || text === undefined) return null
  return { source: new Source(text), positions: [first, ...others].map(({ start }) => start) }
}

/** Lexical tokens in front of a position; counted up to the limit only. */
function tokensBefore(text: string, position: number): number {
  const lexer = new Lexer(new Source(text))
  let count = 0
  try {
    while (count < documentLimits.tokens) {
      const { kind, start } = lexer.advance()
      if (kind === TokenKind.EOF || start >= position) break
      count += 1
    }
  } catch {
    // Here the document cannot be read, and not for its length.
  }
  return count
}

/** Mistakes of a document that are told, and after which no more are looked for. */
export const mistakesMax = 100

/**
 * What is wrong with a document, in texts of our own: which rule found a mistake, and where, is known, so that nothing
 * has to be read out of the texts of graphql-js, which quote values.
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[],
): readonly GraphQLError[] {
  const found: GraphQLError[] = []
  const enough = new Error('enough mistakes')
  function report(error: GraphQLError): void {
    if (found.length === mistakesMax) {
      found.push(
        asGraphQLError(
          new RequestError(`The document has more than ${mistakesMax} mistakes. Correct these first.`),
        ),
      )
      throw enough
    }
    found.push(error)
  }
  try {
    const all = validate(
      schema,
      document,
      [...specifiedRules, ...rules].map((rule) => describing(rule, report)),
      // Suggestions compare each name with every name of the schema, and tell what introspection may not.
      { hideSuggestions: true },
    )
    // No rule reports what graphql-js adds itself where a rule has used up its steps.
    if (all.length > 0) found.push(asGraphQLError(new RequestError(tooManySteps)))
  } catch (error) {
    if (error !== enough) throw error
  }
  return found
}

/** The rule, whose errors are described and reported elsewhere. */
function describing(rule: ValidationRule, report: (error: GraphQLError) => void): ValidationRule {
  return (context) => {
    const own: ValidationContext = Object.create(context, {
      reportError: {
        value: (error: GraphQLError) => {
          if (error.originalError instanceof RequestError) report(error)
          else report(asGraphQLError(describeDocumentError(rule, error, own), { nodes: error.nodes ?? [] }))
        },
      },
      // The steps that graphql-js allows are for all rules together.
      spendFragmentWork: { value: (cost: number) => context.spendFragmentWork(cost) },
    })
    return rule(own)
  }
}
