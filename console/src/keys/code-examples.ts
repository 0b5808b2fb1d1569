import type { EnumOf } from '../api/graphql.ts'
import { type CodeKey, Hole, type Operation, operationsFor, type Value } from './code-operations.ts'

/** Code in one language. */
export interface CodeExample {
  /** Names of the operations in it. */
  readonly operations: readonly string[]
  readonly code: string
}

/** The languages that there are examples in. */
export const codeLanguages = ['TypeScript', 'curl', 'GraphQL'] as const

/** Code that uses a key: in TypeScript one program, elsewhere an example for each operation. */
export function codeExamples(
  language: (typeof codeLanguages)[number],
  userKey: CodeKey,
  endpoint: string,
): readonly CodeExample[] {
  const operations = operationsFor(userKey)
  if (language === 'TypeScript') {
    return [
      { operations: operations.map(({ name }) => name), code: typescript(userKey, operations, endpoint) },
    ]
  }
  return operations.map((operation) => ({
    operations: [operation.name],
    code: language === 'curl' ? curl(operation, endpoint) : withVariables(operation),
  }))
}

function typescript(userKey: CodeKey, operations: readonly Operation[], endpoint: string): string {
  const imports =
    userKey.usage === 'KEY_AGREEMENT' ? [`import { generateKeyPairSync } from 'node:crypto'\n`] : []
  return [
    ...imports,
    `const endpoint = '${endpoint}'
// An access token from your identity provider.
const token = process.env.KEYSTEAD_TOKEN
// ${userKey.name}
const key = '${userKey.id}'
`,
    ...(userKey.usage === 'KEY_AGREEMENT' ? [peerKey(userKey.algorithm)] : []),
    ...operations.map(
      (operation) => `const ${operation.answer} = await send(
  \`${indented(documentOf(operation), '  ').trim()}\`,
  ${indented(printed(operation.input, 'typescript'), '  ').trim()},
)
console.log(${operation.shows})
`,
    ),
    sendFunction,
  ].join('\n')
}

const sendFunction = `async function send(query: string, input: object): Promise<any> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await response.json()
  if (errors) throw new Error(errors[0].message)
  const [result] = Object.values<any>(data)
  // A refusal is a result with a code.
  if (result.code) throw new Error(\`\${result.code}: \${result.message}\`)
  return result
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64')
}
`

/** A key pair in place of the other party's. */
function peerKey(algorithm: EnumOf<'KeyAlgorithm'>): string {
  const curve =
    algorithm === 'X25519' ? `'x25519'` : `'ec', { namedCurve: '${algorithm.replace('EC_P', 'P-')}' }`
  return `// In place of the other party's public key.
const peer = generateKeyPairSync(${curve})
const peerPublicKey = peer.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
`
}

function curl(operation: Operation, endpoint: string): string {
  const body = `{
  "query": ${JSON.stringify(documentOf(operation).replaceAll(/\s+/g, ' '))},
  "variables": {
    "input": ${indented(printed(operation.input, 'json'), '    ').trim()}
  }
}`
  return `curl -sS '${endpoint}' \\
  -H "Authorization: Bearer $KEYSTEAD_TOKEN" \\
  -H 'Content-Type: application/json' \\
  --data-binary @- <<'JSON'
${body}
JSON
`
}

const withVariables = (operation: Operation): string => `${documentOf(operation)}

# Variables
# ${indented(printed({ input: operation.input }, 'json'), '# ').slice(2)}
`

function documentOf({ name, fields }: Operation): string {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  return `mutation ${type}($input: ${type}Input!) {
  ${name}(input: $input) {
    ... on ${type}Payload {
${fields.map((field) => `      ${field}`).join('\n')}
    }
    ... on UserError {
      code
      message
    }
  }
}`
}

/** A value as it is written in a language. */
function printed(value: Value, language: 'typescript' | 'json'): string {
  if (value instanceof Hole) return value[language]
  if (typeof value === 'string') return language === 'json' ? JSON.stringify(value) : `'${value}'`
  if (typeof value === 'number') return String(value)
  const end = language === 'json' ? '' : ','
  if (isList(value)) return `[${value.map((each) => printed(each, language)).join(', ')}]`
  const lines = Object.entries(value).map(([name, each]) => {
    const text = printed(each, language)
    if (language === 'json') return `"${name}": ${text}`
    return text === name ? name : `${name}: ${text}`
  })
  const line = `{ ${lines.join(', ')} }`
  if (line.length <= 70 && !line.includes('\n')) return line
  return `{\n${lines.map((each) => indented(each, '  ')).join(',\n')}${end}\n}`
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

const indented = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => by + line)
    .join('\n')
