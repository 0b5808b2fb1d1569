import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { postToSink } from './http-post.ts'
import { compactTime, type Sink, textOfLines } from './sink.ts'

/** Options of the sink. */
export interface WebhookSinkOptions {
  readonly url: string
  /** Each signs every request, so that the receiver can change to another one. */
  readonly secrets: readonly KeyObject[]
  readonly now?: () => Date
}

const secretPrefix = 'whsec_'
const secretBytes = { min: 24, max: 64 } as const

/** Reads secrets as Standard Webhooks has them, one a line; null if there is none, or one has another form. */
export function readWebhookSecrets(text: string): readonly KeyObject[] | null {
  const lines = text.split('\n').map((line) => line.trim())
  const secrets = lines.filter((line) => line !== '').map(readSecret)
  return secrets.length === 0 || secrets.some((secret) => secret === null)
    ? null
    : secrets.filter((secret) => secret !== null)
}

function readSecret(line: string): KeyObject | null {
  const encoded = line.startsWith(secretPrefix) ? line.slice(secretPrefix.length) : ''
  const bytes = Buffer.from(encoded, 'base64')
  const isCanonical = bytes.toString('base64').replaceAll('=', '') === encoded.replaceAll('=', '')
  if (!isCanonical || bytes.length < secretBytes.min || bytes.length > secretBytes.max) return null
  return createSecretKey(bytes)
}

/**
 * Posts batches to an address, signed as Standard Webhooks has it. The body has the lines, so that a receiver can append it
 * to a file. The ID of a message follows from its records: a batch that comes again has the same one.
 */
export function createWebhookSink({ url, secrets, now = () => new Date() }: WebhookSinkOptions): Sink {
  async function post(
    message: { readonly id: string; readonly type: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<void> {
    const timestamp = String(Math.floor(now().getTime() / 1000))
    const signed = `${message.id}.${timestamp}.${message.body}`
    const signatures = secrets.map(
      (secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
    )
    await postToSink({
      url,
      headers: {
        'content-type': message.type,
        'webhook-id': message.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      },
      body: message.body,
      signal,
    })
  }

  return {
    name: 'webhook',
    send: ({ chainId, first, last, lines }, signal) =>
      post(
        { id: `audit_${chainId}_${first}_${last}`, type: 'application/x-ndjson', body: textOfLines(lines) },
        signal,
      ),
    putCheckpoint: ({ at, jws }, signal) =>
      post({ id: `checkpoint_${compactTime(at)}`, type: 'application/jose', body: `${jws}\n` }, signal),
    close: async () => {},
  }
}
