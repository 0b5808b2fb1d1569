import type { AuditAction } from '../../src/audit/events.ts'
import { parseId } from '../../src/ids.ts'
import { type Answer, type MutationResult, type Person, readAnswer, type Story } from '../support/story.ts'

/** One event as the database has it. */
export interface RecordedEvent {
  readonly action: AuditAction
  readonly outcome: 'SUCCEEDED' | 'DENIED' | 'FAILED'
  readonly error_code: string | null
  readonly project_id: string
  readonly actor: string
  readonly token_id: string | null
  readonly client_address: string | null
  readonly request_id: string
  readonly key_id: string | null
  readonly key_revision: number | null
  readonly version_number: number | null
  /** But for the state of the key, which is another thing each time. */
  readonly details: Record<string, unknown>
  readonly key_state: string | null
}

/** A mutation that was sent, with what its event must tell of the request. */
export interface TracedRequest {
  readonly requestId: string
  readonly tokenId: string
  readonly token: string
  readonly result: MutationResult
  readonly answer: Answer
}

let count = 0

/** Sends one mutation with a token and a request ID of its own. */
export async function sendTraced(
  story: Story,
  person: Person,
  { name, input, selection = '' }: { name: string; input: object; selection?: string },
): Promise<TracedRequest> {
  const [requestId, tokenId] = [`request-${++count}`, `token-${count}`]
  const token = await story.tokenFor(person, { jti: tokenId })
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const body = selection === '' ? '' : `... on ${pascal}Payload { ${selection} }`
  const response = await fetch(`${story.app.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      'x-request-id': requestId,
    },
    body: JSON.stringify({
      query: `mutation($input: ${pascal}Input!) { result: ${name}(input: $input) { __typename ... on UserError { code message } ${body} } }`,
      variables: { input },
    }),
  })
  const answer = await readAnswer(response)
  return { requestId, tokenId, token, answer, result: answer.data?.result ?? {} }
}

/** The code that a request was answered with, wherever it stands; null for success. */
export function codeOf({ answer, result }: TracedRequest): string | null {
  return answer.errors[0]?.extensions.code ?? result['code'] ?? null
}

/** All events, in the order in which they were written. */
export async function readEvents(story: Story): Promise<RecordedEvent[]> {
  // In the order in which they were written: to this table rows are only ever added.
  return (await story.sql(
    `SELECT id, project_id, occurred_at, action, outcome, error_code, actor, token_id, client_address, request_id,
       key_id, key_revision, version_number, details - 'keyState' AS details, details->>'keyState' AS key_state
     FROM audit_events ORDER BY ctid`,
  )) as unknown as RecordedEvent[]
}

/** The UUID of an ID, as events have it. */
export function uuidOf(id: string): string {
  const parsed = parseId(id)
  if (parsed === null) throw new Error(`${id} is no ID`)
  return parsed.uuid
}
