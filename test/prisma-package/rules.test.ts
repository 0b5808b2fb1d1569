import { describe, expect, it } from 'vitest'
import { createBlindIndexer } from '../../packages/prisma/src/fields/blind-index.ts'
import {
  createSchema,
  type FieldFacts,
  type Normalisation,
  type Relation,
} from '../../packages/prisma/src/fields/encrypted-fields.ts'
import { requireSealed } from '../../packages/prisma/src/queries/second-lock.ts'
import { createWork } from '../../packages/prisma/src/queries/work.ts'
import { rewriteRootUpdate, type WriteContext } from '../../packages/prisma/src/queries/writes.ts'

const string: FieldFacts = { type: 'String' }
const relation = (
  model: string,
  inverse: string,
  { from = [], to = [], isList = false }: Partial<Relation>,
): FieldFacts => ({ type: model, relation: { model, inverse, from, to, isList } })
const secret: FieldFacts = {
  type: 'String',
  encrypted: { kind: 'text', key: 'k', context: ['shelf'], name: 'Box.secret' },
}

/** A house has rooms and a room has boxes; boxes alone have a mark, and the key of the house reaches them. */
const schema = createSchema({
  formatVersion: 1,
  models: {
    House: {
      id: ['code'],
      sets: {},
      fields: { code: string, rooms: relation('Room', 'house', { isList: true }) },
    },
    Room: {
      id: ['id'],
      sets: {},
      fields: {
        id: string,
        houseCode: string,
        house: relation('House', 'rooms', { from: ['houseCode'], to: ['code'] }),
        boxes: relation('Box', 'room', { isList: true }),
      },
    },
    Box: {
      id: ['id'],
      sets: {},
      fields: {
        id: string,
        shelf: string,
        secret,
        room: relation('Room', 'boxes', { from: ['shelf'], to: ['houseCode'] }),
      },
    },
  },
})
const work = createWork({ sealer: {} as never, indexer: {} as never })
const rows: Readonly<Record<string, Record<string, string>>> = {
  House: { code: 'h1' },
  Room: { id: 'r1', houseCode: 'h1' },
  Box: { id: 'b1', shelf: 'h1' },
}
const context: WriteContext = {
  schema,
  work,
  clientVersion: '7',
  reader: { first: async (model) => rows[model.name] ?? null },
}

describe('a key that ciphertext follows through two relations', () => {
  const update = (name: string, data: Record<string, unknown>) =>
    rewriteRootUpdate(context, schema.model(name), { where: { ...rows[name] }, data })

  it.each([
    ['House', { code: 'h2' }, 'House.code cannot be changed: Room.houseCode (relation house) follows it'],
    ['Room', { houseCode: 'h2' }, 'Room.houseCode cannot be changed: Box.shelf (relation room) follows it'],
    ['Room', { house: { connect: { code: 'h2' } } }, 'Room.houseCode cannot be changed: Box.shelf'],
    ['Room', { house: { create: { code: 'h2' } } }, 'Room.houseCode cannot be changed: Box.shelf'],
    ['Room', { house: { disconnect: true } }, 'Room.houseCode cannot be changed: Box.shelf'],
    [
      'House',
      { rooms: { connect: { id: 'r2' } } },
      'connect would change Room.houseCode: Box.shelf (relation room) follows it, to which ciphertext is bound.',
    ],
    ['House', { rooms: { set: [{ id: 'r2' }] } }, 'set would change Room.houseCode'],
    ['House', { rooms: { disconnect: [{ id: 'r1' }] } }, 'disconnect would change Room.houseCode'],
    [
      'House',
      { rooms: { connectOrCreate: { where: { id: 'r2' }, create: { id: 'r2' } } } },
      'connectOrCreate would change Room.houseCode',
    ],
    [
      'House',
      { rooms: { update: { where: { id: 'r1' }, data: { house: { connect: { code: 'h2' } } } } } },
      'Room.houseCode cannot be changed',
    ],
    ['Box', { room: { connect: { houseCode: 'h2' } } }, 'Box.shelf cannot be changed'],
  ])('is not changed by an update of %s with %j', async (name, data, message) => {
    await expect(update(name, data)).rejects.toThrow(message)
  })

  it('may be repeated', async () => {
    await update('Room', { house: { connect: { code: 'h1' } } })
    await update('House', { code: 'h1', rooms: { create: { id: 'r3' } } })
  })
})

describe('the second lock', () => {
  class Bag {
    secret = 'plain'
  }
  it.each([
    ['the row', new Bag()],
    ['a row of a list', [{ id: 'b1' }, new Bag()]],
    ['the data of an operation', { create: new Map([['secret', 'plain']]) }],
  ])('stops an object that it cannot look into: %s', (_what, data) => {
    expect(() => requireSealed(context, schema.model('Box'), data)).toThrow(
      /^The data of Box has an object of the class (Bag|Map) where fields are expected/,
    )
  })
})

describe('a blind index', () => {
  const messages: unknown[] = []
  const indexer = createBlindIndexer({
    async generateMac({ message }) {
      messages.push(JSON.parse(new TextDecoder().decode(message as Uint8Array)).at(-1))
      return { mac: Uint8Array.of(1), versionNumber: 1 } as never
    },
  })
  const indexOf = (normalise: Normalisation, value: string) =>
    indexer.indexOf('Box.phone', { of: 'phone', key: 'k', name: 'Box.phone', normalise }, value)

  it.each([
    ['digits', 'n/a'],
    ['trim', ' '],
    ['email', '\t\n'],
  ] as const)('with %s is refused for a value of which nothing is left', async (normalise, value) => {
    await expect(indexOf(normalise, value)).rejects.toThrow(
      `Box.phone has nothing left after normalise: "${normalise}"`,
    )
  })

  it('takes the empty value, and digits of any script', async () => {
    await indexOf('digits', '')
    await indexOf('digits', '+٣٢ ４७०-०१९, 𞥐𞥙𝟗')
    expect(messages).toEqual(['', '32470019099'])
  })
})
