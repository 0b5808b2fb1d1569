import {
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Lexer,
  NoSchemaIntrospectionCustomRule,
  parse,
  Source,
  specifiedRules,
  TokenKind,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql'
import type { Config } from '../../config.ts'
import { documentLimits, documentLimitsRule, tooManySteps, tooManyTokens } from './document-limits.ts'
import { listLimitsOf, listLimitsRule } from './list-limits.ts'
import { asGraphQLError, RequestError } from './request-error.ts'
import { describeValidationError } from './validation-messages.ts'

/** Texts of parsed documents. */
const texts = new WeakMap<Source, string>()

/**
 * Parses a document. Its nodes keep their positions but lose the text: graphql-js would search the text for the line of
 * each error, and there may be thousands, of which few are reported. {@link placesOf} finds lines when they are needed.
 *
 * @throws GraphQLError with the position of the mistake, without quoting the document
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

/** Text that a document was parsed from. */
export function textOfDocument({ loc }: DocumentNode): string | undefined {
  return loc && texts.get(loc.source)
}

/** Most locations of one error. */
const placesMax = 10

/** Source and positions of nodes, for an error about them. */
export function placesOf(nodes: readonly ASTNode[]): { source: Source; positions: number[] } | null {
  const [first, ...others] = nodes.slice(0, placesMax).flatMap(({ loc }) => loc ?? [])
  const text = first && texts.get(first.source)
  if (first === undefined || text === undefined) return null
  return { source: new Source(text), positions: [first, ...others].map(({ start }) => start) }
}

/** Number of lexical tokens before a position, counted up to the limit only. */
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
    // A lexical error, so that the limit was not the cause.
  }
  return count
}

/** True if the server answers introspection, so that messages may list what it shows. */
export function answersIntrospection(config: Pick<Config, 'INTROSPECTION' | 'developmentMode'>): boolean {
  return config.INTROSPECTION === 'on' || (config.INTROSPECTION === 'auto' && config.developmentMode)
}

/**
 * Validation rules besides those of GraphQL. They depend neither on the caller nor on variables, since the result is cached
 * with the document.
 */
export function documentRules(
  config: Pick<Config, 'INTROSPECTION' | 'developmentMode' | 'BATCH_ITEMS_MAX'>,
): readonly ValidationRule[] {
  const limits = [documentLimitsRule, listLimitsRule(listLimitsOf(config))]
  return answersIntrospection(config)
    ? limits
    : [...limits, NoSchemaIntrospectionCustomRule, noSubgraphSdlRule]
}

/** Validation rule: refuses `_service`, which returns the schema, where introspection is refused. */
function noSubgraphSdlRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return
      const message = 'GraphQL introspection is not allowed, and "_service" says the same.'
      context.reportError(asGraphQLError(new RequestError(message), { nodes: [node] }))
    },
  }
}

/** Most mistakes of a document that are reported; validation stops after them. */
export const mistakesMax = 100

/**
 * Validates a document. Messages are written anew from the rule that found a mistake and its nodes: those of graphql-js
 * quote values.
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[],
): readonly GraphQLError[] {
  const found: GraphQLError[] = []
  const showsSchema = !rules.includes(NoSchemaIntrospectionCustomRule)
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
      [...specifiedRules, ...rules].map((rule) => withOwnMessages(rule, { report, showsSchema })),
      // Suggestions compare each name with every name of the schema, and disclose what introspection may not.
      { hideSuggestions: true },
    )
    // graphql-js itself adds an error, which no rule reports, when a rule has used up its steps.
    if (all.length > 0) found.push(asGraphQLError(new RequestError(tooManySteps)))
  } catch (error) {
    if (error !== enough) throw error
  }
  return found
}

/** Wraps a rule so that its errors get our messages and go to `report`. */
function withOwnMessages(
  rule: ValidationRule,
  { report, showsSchema }: { readonly report: (error: GraphQLError) => void; readonly showsSchema: boolean },
): ValidationRule {
  return (context) => {
    const own: ValidationContext = Object.create(context, {
      reportError: {
        value: (error: GraphQLError) => {
          if (error.originalError instanceof RequestError) report(error)
          else {
            const described = describeValidationError(rule, error, { context: own, showsSchema })
            report(asGraphQLError(described, { nodes: error.nodes ?? [] }))
          }
        },
      },
      // All rules share the steps that graphql-js allows.
      spendFragmentWork: { value: (cost: number) => context.spendFragmentWork(cost) },
    })
    return rule(own)
  }
}
