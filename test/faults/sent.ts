import type { Answer, Client, MutationResult } from '../support/story.ts'

/** What became of a mutation that was sent. */
export type Sent =
  | { readonly outcome: 'answered'; readonly result: MutationResult }
  /** It did not take effect, and may be sent again. */
  | { readonly outcome: 'refused'; readonly code: string }
  /** It may have taken effect, or may not. */
  | { readonly outcome: 'in doubt'; readonly code: string }

/** Codes of fetch for a connection that broke, or ended in the middle of an answer. */
const brokenCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * Sends one mutation, and tells what is to be expected while something is broken from what is not.
 *
 * @throws Error on every other answer: one with another code of the top level, or none in the form of GraphQL
 */
export async function sendMutation(
  client: Client,
  name: string,
  input: object,
  selection: string,
): Promise<Sent> {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  let answer: Answer
  try {
    answer = await client.send(
      `mutation($input: ${pascal}Input!) {
        ${name}(input: $input) {
          __typename
          ... on UserError { code message }
          ... on ${pascal}Payload { ${selection} }
        }
      }`,
      { input },
    )
  } catch (error) {
    const code = connectionCodeOf(error)
    // Refused is a connection that never was: nothing can have come through it.
    if (code === 'ECONNREFUSED') return { outcome: 'refused', code }
    if (code !== null) return { outcome: 'in doubt', code }
    throw error
  }
  const result = answer.data?.[name] as MutationResult | null | undefined
  if (answer.errors.length === 0 && result) return { outcome: 'answered', result }
  if (answer.errors.length > 0 && answer.errors.every(isUnavailable)) {
    return { outcome: 'in doubt', code: 'UNAVAILABLE' }
  }
  throw new Error(`${name} was answered ${answer.status}: ${answer.text.slice(0, 500)}`)
}

function isUnavailable({ extensions }: Answer['errors'][number]): boolean {
  return extensions?.code === 'UNAVAILABLE'
}

/** The code of a connection that was refused or broke; null for every other failure. */
function connectionCodeOf(error: unknown): string | null {
  if (!(error instanceof TypeError)) return null
  const { code } = (error.cause ?? {}) as { code?: unknown }
  if (code === 'ECONNREFUSED') return code
  if (typeof code === 'string' && brokenCodes.has(code)) return code
  // The body ended early.
  return error.message === 'terminated' ? 'ECONNRESET' : null
}
