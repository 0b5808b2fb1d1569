import { hash } from 'node:crypto'
import { AwsClient } from 'aws4fetch'
import { requireTaken } from './http-post.ts'
import { compactTime, type Sink, textOfLines } from './sink.ts'

/** Keys of an account of object storage. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Options of the sink. */
export interface S3SinkOptions {
  /** Address of the bucket, with the bucket in the host or in the path, and without a slash at the end. */
  readonly bucketUrl: string
  readonly region: string
  /** Beginning of all names, with a slash at its end, or empty. */
  readonly prefix: string
  /** Names the installation in the names of objects. */
  readonly installation: string
  /** Read each time the sink is opened, so that credentials that expire can be replaced. */
  readonly readCredentials: () => Promise<S3Credentials>
}

/** Digits of the numbers in names, so that they sort as the numbers do. */
const digits = 16

/**
 * Puts each batch as an object: `PREFIX/INSTALLATION/CHAIN/FIRST-LAST.jsonl`. The name has both numbers, so that a batch that
 * comes again replaces itself, and one with fewer records, of a server that lost its lease, replaces no other.
 */
export function createS3Sink(options: S3SinkOptions): Sink {
  const { bucketUrl, region, prefix, installation } = options
  let client: AwsClient | null = null

  async function put(name: string, body: string, signal: AbortSignal): Promise<void> {
    client ??= await connect()
    const url = `${bucketUrl}/${prefix}${installation}/${name}`
    // Signed with the hash of the body, so that nobody on the way can change it.
    const headers = {
      'content-type': 'application/octet-stream',
      'x-amz-content-sha256': hash('sha256', body, 'hex'),
    }
    const signed = await client.sign(url, { method: 'PUT', body, headers })
    const response = await fetch(url, {
      method: 'PUT',
      body,
      headers: signed.headers,
      signal,
      redirect: 'manual',
    })
    await requireTaken(response)
    await response.body?.cancel().catch(() => {})
  }

  async function connect(): Promise<AwsClient> {
    const credentials = await options.readCredentials()
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    return new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      region,
      service: 's3',
      retries: 0,
    })
  }

  return {
    name: 's3',
    async open() {
      client = await connect()
    },
    send: ({ chainId, first, last, lines }, signal) =>
      put(`${chainId}/${numberOf(first)}-${numberOf(last)}.jsonl`, textOfLines(lines), signal),
    putCheckpoint: ({ at, jws }, signal) => put(`checkpoints/${compactTime(at)}.jws`, `${jws}\n`, signal),
    async close() {
      client = null
    },
  }
}

function numberOf(sequence: number): string {
  return String(sequence).padStart(digits, '0')
}

/**
 * Reads credentials in the form of the shared credentials file of AWS: `name = value` lines, of which the first section
 * counts. Null if the two keys are not there.
 */
export function readS3Credentials(text: string): S3Credentials | null {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase()
    if (at > 0 && !line.trimStart().startsWith('#') && !values.has(name))
      values.set(name, line.slice(at + 1).trim())
  }
  const accessKeyId = values.get('aws_access_key_id') ?? ''
  const secretAccessKey = values.get('aws_secret_access_key') ?? ''
  if (accessKeyId === '' || secretAccessKey === '') return null
  return { accessKeyId, secretAccessKey, sessionToken: values.get('aws_session_token') }
}
