/** A whole number from 0 to `max`, both included. */
export type Draw = (max: number) => number

/** What values are made from. The names of slots stand for values that each server has of its own. */
export interface RandomInput {
  readonly draw: Draw
  readonly keyIds: readonly string[]
  readonly versionIds: readonly string[]
  readonly otherIds: readonly string[]
  readonly ciphertexts: readonly string[]
  readonly cursors: readonly string[]
  readonly keyNames: readonly string[]
  readonly subjects: readonly string[]
  readonly moments: readonly string[]
}

/** Any item of a list. */
export function oneOf<T>(draw: Draw, items: readonly T[]): T {
  const item = items[draw(items.length - 1)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** Names and values of contexts, some of which operations with hidden keys had. */
const contextTexts: Readonly<Record<string, readonly string[]>> = {
  name: ['tenant', 'app'],
  value: ['acme', 'other'],
}

/** Names and values of labels, which hidden keys have. */
const labelTexts: Readonly<Record<string, readonly string[]>> = {
  name: ['team', 'stage'],
  value: ['payments', 'test'],
}

const quote = (text: string) => JSON.stringify(text)

/** The text of a value, or the slot of one. */
export function randomScalar(
  input: RandomInput,
  { name, scalar, parent = '' }: { name: string; scalar: string; parent?: string },
): string | { type: string; slot: string } {
  const { draw } = input
  switch (scalar) {
    case 'ID':
      return randomId(input, parent === 'KeyVersionRef' ? input.versionIds : null)
    case 'KeyRef':
      if (draw(2) === 0) return quote(oneOf(draw, input.keyNames))
      return { ...randomId(input, input.keyIds), type: 'KeyRef!' }
    case 'SubjectRef':
      return quote(oneOf(draw, input.subjects))
    case 'String':
      if (/ContextPair/.test(parent)) return quote(oneOf(draw, contextTexts[name] ?? []))
      if (/Label(Input|Condition)/.test(parent)) return quote(oneOf(draw, labelTexts[name] ?? []))
      return randomText(input, name)
    case 'Base64':
      if (name === 'ciphertext') return { type: 'Base64!', slot: oneOf(draw, input.ciphertexts) }
      return quote(name === 'wrappedMaterial' ? Buffer.alloc(600).toString('base64') : 'aGVsbG8=')
    case 'Int':
      if (name === 'first' || name === 'last') return String(draw(4))
      return String(name === 'cycleDays' ? 30 : draw(3))
    case 'Boolean':
      return String(draw(1) === 1)
    case 'DateTime':
      return quote(oneOf(draw, input.moments))
    default:
      throw new Error(`nothing is known about values of ${scalar}`)
  }
}

/** Mostly one of the usual IDs; null for any of all. */
function randomId(
  { draw, keyIds, versionIds, otherIds }: RandomInput,
  usual: readonly string[] | null,
): { type: string; slot: string } {
  const all = [...keyIds, ...versionIds, ...otherIds]
  return { type: 'ID!', slot: oneOf(draw, usual === null || draw(5) === 0 ? all : usual) }
}

function randomText(input: RandomInput, name: string): string | { type: string; slot: string } {
  const { draw, keyNames, cursors } = input
  switch (name) {
    case 'after':
    case 'before':
      return { type: 'String', slot: oneOf(draw, cursors) }
    case 'name':
    case 'alias':
    case 'confirmName':
      return quote(draw(2) === 0 ? `new-${draw(99)}` : oneOf(draw, keyNames))
    case 'namePrefix':
      return quote(oneOf(draw, keyNames).slice(0, draw(4)))
    case 'search':
      return quote(
        oneOf(draw, ['hidden', 'payments', 'TEST', 'unguessed', 'open-', 'h-', oneOf(draw, keyNames)]),
      )
    case 'service':
      return quote(oneOf(draw, ['Secrets Manager', 'Backup', 'Nothing']))
    case 'groups':
      return quote(oneOf(draw, ['payments', 'staff']))
    default:
      return quote(`text ${draw(9)}`)
  }
}
