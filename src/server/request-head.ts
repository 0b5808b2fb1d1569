import type { IncomingMessage } from 'node:http'
import { graphqlPath } from './yoga.ts'

/** The path that a request is for; null if its target, or the host that it names, cannot be read. */
export function pathOf({ url = '', headers: { host = '' } }: IncomingMessage): string | null {
  if (url === graphqlPath && /^[a-z0-9.:-]+$/i.test(host)) return url
  // A target can also be a whole address (RFC 9112 §3.2.2).
  return URL.parse(url.startsWith('/') ? `http://${host || 'localhost'}${url}` : url)?.pathname ?? null
}

/** RFC 8259 JSON in UTF-8, which is its only encoding. */
export function isJson(contentType: string | null): boolean {
  if (contentType === 'application/json') return true
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  return (
    ['application/json', 'application/graphql+json'].includes(type.trim()) &&
    parameters.every(
      (parameter) => !parameter.includes('charset') || /^\s*charset="?utf-8"?\s*$/.test(parameter),
    )
  )
}
