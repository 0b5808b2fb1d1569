const graphqlResponse = 'application/graphql-response+json'
const json = 'application/json'
/** Media type of server-sent events. */
export const eventStream = 'text/event-stream'

/** Media types of answers, without parameters, in the order of preference where a client accepts them equally (`*`/`*`). */
export const mediaTypes = [json, graphqlResponse, eventStream] as const

/** One of {@link mediaTypes}. */
export type MediaType = (typeof mediaTypes)[number]

/** Media types for an Accept header. */
export interface Accepted {
  /** Type of the result of a query or mutation. */
  readonly result: MediaType
  /** Type of an error that is no GraphQL result, such as a missing token. */
  readonly error: Exclude<MediaType, 'text/event-stream'>
  /** True if the client asks for a stream, so that a subscription can be answered. */
  readonly takesStream: boolean
}

/** One media range of an Accept header (RFC 9110 §12.5.1). */
interface MediaRange {
  readonly type: string
  readonly weight: number
}

/** How well a media type suits a client, by the most specific range that matches it. */
interface Suitability {
  readonly mediaType: MediaType
  readonly weight: number
  /** 2 for the type itself, 1 for its main type, 0 for any type. */
  readonly specificity: number
  readonly position: number
}

/**
 * Media types for an Accept header; null if it accepts none of ours (406). The type with the greatest weight (`q`) wins,
 * then the more specific range, then the order of the header, then that of {@link mediaTypes}.
 */
export function acceptedTypes(accept: string | null): Accepted | null {
  const suitable = suitableTypes(accept === null || accept.trim() === '' ? '*/*' : accept)
  const [best] = suitable
  if (best === undefined) return null
  return {
    result: best.mediaType,
    error: errorTypeOf(suitable),
    takesStream:
      best.mediaType === eventStream ||
      suitable.some(({ mediaType, specificity }) => mediaType === eventStream && specificity === 2),
  }
}

/** Content-type of an error that is no GraphQL result, also for clients that accept none of our types. */
export function errorContentType(accept: string | null): string {
  return `${acceptedTypes(accept)?.error ?? graphqlResponse}; charset=utf-8`
}

/** The type that tells GraphQL errors from other JSON, unless the client prefers plain JSON. */
function errorTypeOf(suitable: readonly Suitability[]): Accepted['error'] {
  const plain = suitable.find(({ mediaType }) => mediaType === json)
  const telling = suitable.find(({ mediaType }) => mediaType === graphqlResponse)
  if (plain === undefined) return graphqlResponse
  if (telling === undefined) return json
  return plain.weight > telling.weight || plain.specificity > telling.specificity ? json : graphqlResponse
}

/** Media types that a header accepts, the best first. */
function suitableTypes(accept: string): Suitability[] {
  const ranges = accept
    .toLowerCase()
    .split(',')
    .map(readRange)
    .filter((range) => range !== null)
  return mediaTypes
    .map((mediaType) => suitabilityOf(mediaType, ranges))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || b.specificity - a.specificity || a.position - b.position)
}

function suitabilityOf(mediaType: MediaType, ranges: readonly MediaRange[]): Suitability {
  const wildcards = ['*/*', `${mediaType.slice(0, mediaType.indexOf('/'))}/*`, mediaType]
  let best: Suitability = { mediaType, weight: 0, specificity: -1, position: ranges.length }
  for (const [position, { type, weight }] of ranges.entries()) {
    const specificity = wildcards.indexOf(type)
    if (specificity > best.specificity) best = { mediaType, weight, specificity, position }
  }
  return best
}

/** Reads a media range; null for a malformed one, or one of a charset other than UTF-8. Other parameters are ignored. */
function readRange(text: string): MediaRange | null {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  let weight = 1
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=', 2)
    if (name === 'charset' && !/^"?utf-8"?$/.test(value)) return null
    if (name !== 'q') continue
    if (!/^(0|1|0\.\d{0,3}|1\.0{0,3})$/.test(value)) return null
    weight = Number(value)
  }
  return { type, weight }
}
