/** Answers of two servers, as far as an observer has them. */
export interface ObservedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

const anyId = /\b(?:ukey|skey|kver|rkey|audt|impt|rolb)_[0-9a-z]{26}\b/g
const shortId = /^(?:ukey|skey)_…[0-9a-z]{6}$/
const cursorFields = ['cursor', 'startCursor', 'endCursor']
/** Bytes that are fresh in every answer, or that a key made which the caller itself had created. */
const freshBytes = [
  ...['ciphertext', 'plaintext', 'signature', 'mac', 'bytes', 'sharedSecret'],
  ...['privateKeyCiphertext', 'privateKeyPlaintext', 'pem', 'fingerprint', 'x', 'y', 'n', 'pub', 'kid'],
]

/** Fields beside each other fail in the order of the moment: errors in the order of their places. */
function inOrder(answer: { errors?: { path?: unknown }[] }): unknown {
  const placeOf = ({ path }: { path?: unknown }) => JSON.stringify(path ?? null)
  return answer.errors === undefined
    ? answer
    : { ...answer, errors: answer.errors.toSorted((a, b) => placeOf(a).localeCompare(placeOf(b))) }
}

/**
 * Compares answers of two servers that give out IDs of their own: all must be the same but for IDs and bytes that are
 * random by nature, and an ID of the one must always stand where the same ID of the other does.
 */
export function createAnswerPairs() {
  const toRight = new Map<string, string>()
  const toLeft = new Map<string, string>()
  const cursors: [string, string][] = []

  function pair(left: string, right: string): boolean {
    if (!toRight.has(left) && !toLeft.has(right)) {
      toRight.set(left, right)
      toLeft.set(right, left)
    }
    return toRight.get(left) === right && toLeft.get(right) === left
  }

  function differsText(left: string, right: string, field: string): boolean {
    if (cursorFields.includes(field)) {
      cursors.push([left, right])
      return left.length !== right.length
    }
    if (shortId.test(left) && shortId.test(right)) return !pair(left, right)
    if (left.replaceAll(anyId, 'ID') === right.replaceAll(anyId, 'ID')) {
      const rights = right.match(anyId) ?? []
      return !(left.match(anyId) ?? []).every(
        (id, index) => id.slice(0, 4) === rights[index]?.slice(0, 4) && pair(id, rights[index] ?? ''),
      )
    }
    // Signatures in DER are of different lengths.
    return !freshBytes.includes(field) || (field !== 'signature' && left.length !== right.length)
  }

  function differences(left: unknown, right: unknown, path: string): string[] {
    if (typeof left === 'string' && typeof right === 'string') {
      const field = path.replace(/^.*[./]/, '').replace(/^x\d+_/, '')
      return differsText(left, right, field) ? [`${path}: ${left} | ${right}`] : []
    }
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
      return left === right ? [] : [`${path}: ${String(left)} | ${String(right)}`]
    }
    const names = Object.keys(left)
    if (names.join() !== Object.keys(right).join()) {
      return [`${path}: ${names.join()} | ${Object.keys(right).join()}`]
    }
    return names.flatMap((name) =>
      differences(
        (left as Record<string, unknown>)[name],
        (right as Record<string, unknown>)[name],
        Array.isArray(left) ? path : `${path}.${name}`,
      ),
    )
  }

  return {
    /** Cursors that were in the same place of both answers. */
    cursors,
    /** Tells of two texts beforehand that they are the same thing. */
    pair,
    /**
     * What an observer could tell the servers apart by.
     *
     * @param isOnce whether it cannot ask again, and so cannot tell the order of errors from one of the moment
     */
    differencesOf(left: ObservedAnswer, right: ObservedAnswer, isOnce = false): string[] {
      const data = ({ text }: ObservedAnswer) => (isOnce ? inOrder(JSON.parse(text)) : JSON.parse(text))
      return [
        ...differences(left.status, right.status, 'status'),
        ...differences(left.headers, right.headers, 'headers'),
        ...differences(data(left), data(right), 'body'),
      ]
    },
  }
}
