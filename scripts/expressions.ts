import { stripTypeScriptTypes } from 'node:module'
import { type AnyNode, type CallExpression, type NewExpression, parse } from 'acorn'
import { checkSync } from 'recheck'

/** A regular expression of a source file that is not known to be fast. */
export interface SlowExpression {
  readonly line: number
  readonly expression: string
  readonly problem: string
}

interface Expression {
  readonly source: string
  readonly flags: string
}

/** Methods of strings that make a regular expression of a string that they are given. */
const matchingMethods: ReadonlySet<string> = new Set(['match', 'matchAll', 'search'])

/** The most time for one expression: an expression that takes longer to check is too complicated anyway. */
const checkMsMax = 60_000

const checked = new Map<string, string | null>()

/**
 * The regular expressions of a TypeScript file whose time could grow faster than the text that they are run over, or
 * that cannot be checked, since they are put together at run time.
 */
export function findSlowExpressions(typeScript: string): readonly SlowExpression[] {
  // What is taken out is replaced by spaces, so that lines stay where they are.
  const source = stripTypeScriptTypes(typeScript)
  const found: SlowExpression[] = []
  const program = parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true })
  for (const node of nodesIn(program)) {
    const expression = expressionIn(node)
    if (expression === null) continue
    const problem = expression === 'unknown' ? 'is put together at run time' : problemOf(expression)
    if (problem === null) continue
    found.push({
      line: node.loc?.start.line ?? 0,
      expression: source.slice(node.start, node.end),
      problem,
    })
  }
  return found
}

/** All nodes of a syntax tree. */
function* nodesIn(node: AnyNode): Generator<AnyNode> {
  yield node
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* nodesIn(child)
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** The expression that a node makes; `unknown` if only a run can tell, null if it makes none. */
function expressionIn(node: AnyNode): Expression | 'unknown' | null {
  if (node.type === 'Literal') {
    return node.regex ? { source: node.regex.pattern, flags: node.regex.flags } : null
  }
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return null
  const { callee } = node
  if (callee.type === 'Identifier' && callee.name === 'RegExp') return expressionOf(node)
  const isMatching =
    callee.type === 'MemberExpression' &&
    callee.property.type === 'Identifier' &&
    matchingMethods.has(callee.property.name)
  // These methods of strings take one argument; other classes have methods of the same names. A literal is a node of its own.
  return isMatching && node.arguments.length === 1 && !isRegExpLiteral(node.arguments[0])
    ? expressionOf(node)
    : null
}

function expressionOf({
  arguments: [source, flags],
}: CallExpression | NewExpression): Expression | 'unknown' {
  const text = textOf(source)
  const flagText = flags === undefined ? '' : textOf(flags)
  return text === null || flagText === null ? 'unknown' : { source: text, flags: flagText }
}

function textOf(node: AnyNode | undefined): string | null {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : null
}

function isRegExpLiteral(node: AnyNode | undefined): boolean {
  return node?.type === 'Literal' && node.regex !== undefined && node.regex !== null
}

function problemOf({ source, flags }: Expression): string | null {
  const name = `${flags}/${source}`
  const known = checked.get(name)
  if (known !== undefined) return known
  const found = checkSync(source, flags, { timeout: checkMsMax })
  const problem =
    found.status === 'safe'
      ? null
      : found.status === 'vulnerable'
        ? `is ${found.complexity.summary}`
        : 'cannot be checked'
  checked.set(name, problem)
  return problem
}
