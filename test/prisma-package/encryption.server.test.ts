import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EncryptedFields, EncryptedMark } from '../../packages/prisma/src/fields/encrypted-fields.ts'
import {
  fieldEncryption,
  UnreadableValueError,
  UnsupportedQueryError,
} from '../../packages/prisma/src/index.ts'
import { Prisma } from './generated/client.ts'
import { encryptedFields } from './generated/encrypted-fields.ts'
import { type Shop, type ShopStory, startShop } from './shop.ts'

let run: ShopStory
let shop: Shop

beforeAll(async () => {
  run = await startShop()
  shop = run.shop
})
afterAll(() => run.end())
beforeEach(async () => {
  await run.clear()
  const tenants = ['t1', 't2'].map((id) => ({ id, slug: `slug-${id}` }))
  await run.plain.tenant.createMany({ data: tenants })
})

const ann = { tenantId: 't1', email: 'Ann@Example.org', name: 'Ann' }
const bob = { tenantId: 't2', email: 'bob@example.org', name: 'Bob' }
const ids = [1, 2, 3].map((digit) => `00000000-0000-4000-8000-00000000000${digit}`) as [
  string,
  string,
  string,
]

/** Everything that is stored, in which no plaintext may be. */
async function storedText(): Promise<string> {
  const tables = ['customers', 'Order', 'Profile', 'Tag']
  const rows = await Promise.all(tables.map((table) => run.plain.$queryRawUnsafe(`SELECT * FROM "${table}"`)))
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

describe('a row', () => {
  it('is stored as ciphertext and read as it was written', async () => {
    const notes = { likes: ['tea', null, 1.5], ключ: '鍵' }
    const photo = Uint8Array.from([0, 1, 2, 255])
    const created = await shop.customer.create({ data: { ...ann, notes, photo } })
    expect(created).toMatchObject({ email: 'Ann@Example.org', name: 'Ann', notes, city: 'Ghent' })
    expect(created.photo).toEqual(photo)
    const stored = await run.plain.customer.findFirstOrThrow()
    expect(stored.email).toMatch(/^kse1\./)
    expect(stored.name).toMatch(/^kse1\./)
    expect(stored.notes).toMatch(/^kse1\./)
    expect(
      Buffer.from(stored.photo ?? [])
        .subarray(0, 3)
        .toString(),
    ).toBe('KSE')
    expect(await run.another().customer.findMany()).toEqual([created])
  })

  it('keeps null as null, and empty values as values', async () => {
    await shop.customer.create({ data: { ...ann, name: null, notes: Prisma.DbNull, photo: null } })
    await shop.customer.create({
      data: { ...bob, name: '', notes: Prisma.JsonNull, photo: new Uint8Array() },
    })
    const rows = await run.plain.customer.findMany({ orderBy: { tenantId: 'asc' } })
    expect(rows[0]).toMatchObject({ name: null, nameIndex: null, notes: null, photo: null })
    expect(rows[1]).not.toMatchObject({ name: null })
    const read = await shop.customer.findMany({ orderBy: { tenantId: 'asc' } })
    expect(read[1]).toMatchObject({ name: '', notes: null, photo: new Uint8Array() })
    expect(await shop.customer.count({ where: { name: null } })).toBe(1)
    expect(await shop.customer.count({ where: { NOT: { notes: { equals: Prisma.DbNull } } } })).toBe(1)
    await shop.customer.updateMany({ data: { name: null } })
    expect(await run.plain.customer.count({ where: { nameIndex: null } })).toBe(2)
  })

  it('is read whatever is selected or omitted, and nothing else is returned', async () => {
    const { id } = await shop.customer.create({
      data: { ...ann, orders: { create: { number: 1, address: 'A 1' } } },
    })
    expect(await shop.customer.findFirst({ select: { name: true } })).toEqual({ name: 'Ann' })
    expect(
      await shop.customer.findFirst({
        omit: { id: true, tenantId: true, emailIndex: true, nameIndex: true, photo: true, city: true },
      }),
    ).toEqual({ email: 'Ann@Example.org', name: 'Ann', notes: null })
    expect(
      await shop.tenant.findUnique({
        where: { id: 't1' },
        select: {
          customers: { select: { email: true, orders: { select: { address: true } }, _count: true } },
        },
      }),
    ).toEqual({
      customers: [{ email: 'Ann@Example.org', orders: [{ address: 'A 1' }], _count: { orders: 1, tags: 0 } }],
    })
    expect(await shop.order.findFirst({ include: { customer: true } })).toMatchObject({
      customer: { name: 'Ann' },
    })
    expect(await shop.customer.findUnique({ where: { id } }).orders()).toMatchObject([{ address: 'A 1' }])
    expect(await shop.order.findFirst().customer().tenant()).toEqual({ id: 't1', slug: 'slug-t1' })
    expect(
      await shop.customer.update({ where: { id }, data: { city: 'Bruges' }, select: { email: true } }),
    ).toEqual({
      email: 'Ann@Example.org',
    })
    expect(await shop.customer.delete({ where: { id }, select: { name: true } })).toEqual({ name: 'Ann' })
  })
})

describe('a value that was moved in the database', () => {
  const swap = (sql: string) => run.plain.$executeRawUnsafe(sql)
  beforeEach(async () => {
    await shop.customer.create({ data: { ...ann, id: ids[0], name: 'Ann' } })
    await shop.customer.create({ data: { ...bob, id: ids[1], name: 'Bob', tenantId: 't1' } })
  })

  it.each([
    [
      'to another row',
      `UPDATE customers SET full_name = o.full_name FROM customers o WHERE o.id <> customers.id`,
    ],
    ['to another field', `UPDATE customers SET full_name = email`],
    ['with its row to another tenant', `UPDATE customers SET "tenantId" = 't2'`],
    ['with its row to another ID', `UPDATE customers SET id = gen_random_uuid()`],
    ['to a field of another kind', `UPDATE customers SET notes = to_jsonb(full_name)`],
    ['and changed', `UPDATE customers SET full_name = left(full_name, -1)`],
  ])('%s does not open', async (_what, sql) => {
    await swap(sql)
    const read = shop.customer.findMany({ select: { name: true, notes: true } })
    await expect(read).rejects.toBeInstanceOf(UnreadableValueError)
    await expect(run.another().customer.findMany({ select: { name: true, notes: true } })).rejects.toThrow(
      /Customer\.(name|notes) of the row with id ".*" does not open as "customers\.(full_name|notes)"/,
    )
  })

  it('does not open after its column was renamed, until the mark has the old name; nothing is lost meanwhile', async () => {
    const named = (name: string) => {
      const { Customer, ...models } = encryptedFields.models
      const facts = Customer?.fields['name']
      const mark = { ...facts?.encrypted, name } as EncryptedMark
      const fields = { ...Customer?.fields, name: { ...facts, encrypted: mark } }
      return {
        ...encryptedFields,
        models: { ...models, Customer: { ...Customer, fields } },
      } as EncryptedFields
    }
    const before = await run.plain.customer.findMany()
    const renamed = run.another({ fields: named('customers.display_name') })
    await expect(renamed.customer.findMany()).rejects.toThrow(
      'does not open as "customers.display_name" with the key customers: it is of another row, field, context or key, or was changed. If the table or column was renamed, give its old name as the option name of @encrypted.',
    )
    await expect(renamed.customer.findMany()).rejects.toBeInstanceOf(UnreadableValueError)
    const kept = run.another({ fields: named('customers.full_name') })
    expect((await kept.customer.findMany()).map(({ name }) => name).toSorted()).toEqual(['Ann', 'Bob'])
    expect(await run.plain.customer.findMany()).toEqual(before)
  })

  it('is an error that names the row if it is no ciphertext, unless plaintext is allowed', async () => {
    await swap(`UPDATE customers SET full_name = 'Ann' WHERE id = '${ids[0]}'`)
    await expect(shop.customer.findMany()).rejects.toThrow(
      `Customer.name of the row with id "${ids[0]}" is not encrypted. Encrypt the rows that are there with \`npx keystead-prisma encrypt Customer\`, or read them meanwhile with plaintext: 'allow'.`,
    )
    const lenient = run.another({ plaintext: 'allow' })
    expect((await lenient.customer.findMany({ orderBy: { id: 'asc' } })).map(({ name }) => name)).toEqual([
      'Ann',
      'Bob',
    ])
  })
})

describe('every write', () => {
  const secret = 'TOP-SECRET'
  const order = { number: 1, address: secret, gift: secret }
  const full = {
    email: `${secret}@x`,
    name: secret,
    notes: { secret },
    photo: new TextEncoder().encode(secret),
  }
  const customer = { ...full, tenantId: 't1' }
  const where = { id: ids[0] }

  beforeEach(async () => {
    await shop.customer.create({
      data: {
        ...ann,
        ...where,
        orders: { create: { number: 9, address: 'A' } },
        profile: { create: { secret: 'p' } },
        tags: { create: { id: 1n, label: 'l' } },
      },
    })
  })

  /** Each operation writes the secret at least once. */
  const writes: Record<string, () => Promise<unknown>> = {
    create: () => shop.customer.create({ data: customer }),
    'create, by relation': () =>
      shop.customer.create({ data: { ...full, tenant: { connect: { id: 't2' } } } }),
    'create, by relation of another unique field': () =>
      shop.customer.create({ data: { ...full, tenant: { connect: { slug: 'slug-t2' } } } }),
    'create, with the tenant': () =>
      shop.customer.create({ data: { ...full, tenant: { create: { slug: 'three' } } } }),
    'create, of instances of a class': () => {
      class Person {
        tenantId = 't1'
        email = full.email
        orders = { create: Object.assign(Object.create(null), order) }
      }
      return shop.customer.create({ data: new Person() })
    },
    createMany: () => shop.customer.createMany({ data: [customer] }),
    'createMany of one': () => shop.customer.createMany({ data: customer }),
    createManyAndReturn: () =>
      shop.customer.createManyAndReturn({ data: [customer], select: { name: true } }),
    update: () => shop.customer.update({ where, data: full }),
    'update with set': () =>
      shop.customer.update({ where, data: { name: { set: secret }, photo: { set: full.photo } } }),
    'update by a blind index': () => shop.customer.update({ where: { email: ann.email }, data: full }),
    'upsert of a row that is there': () =>
      shop.customer.upsert({ where, create: customer, update: { name: secret } }),
    'upsert of a new row': () =>
      shop.customer.upsert({ where: { email: `${secret}@x` }, create: customer, update: { name: 'x' } }),
    'nested create': () => shop.tenant.create({ data: { slug: 's', customers: { create: [full] } } }),
    'nested create in an update': () =>
      shop.tenant.update({ where: { slug: 'slug-t2' }, data: { customers: { create: full } } }),
    'create of three levels': () =>
      shop.tenant.create({
        data: {
          slug: 's',
          customers: { create: { ...full, orders: { create: order }, profile: { create: { secret } } } },
        },
      }),
    'nested createMany': () =>
      shop.customer.update({ where, data: { orders: { createMany: { data: [order] } } } }),
    'nested connectOrCreate': () =>
      shop.customer.update({
        where,
        data: { tags: { connectOrCreate: { where: { id: 7n }, create: { id: 7n, label: secret } } } },
      }),
    'nested update of one': () => shop.customer.update({ where, data: { profile: { update: { secret } } } }),
    'nested update of one with where': () =>
      shop.customer.update({ where, data: { profile: { update: { where: {}, data: { secret } } } } }),
    'nested update of several': () =>
      shop.customer.update({
        where,
        data: {
          orders: {
            update: {
              where: { customerId_number: { customerId: ids[0], number: 9 } },
              data: { gift: secret },
            },
          },
        },
      }),
    'nested update upwards': () =>
      shop.order.update({
        where: { customerId_number: { customerId: ids[0], number: 9 } },
        data: { customer: { update: { name: secret } } },
      }),
    'nested update of many to many': () =>
      shop.customer.update({
        where,
        data: { tags: { update: { where: { id: 1n }, data: { label: secret } } } },
      }),
    'nested upsert of a row that is there': () =>
      shop.customer.update({
        where,
        data: { profile: { upsert: { create: { secret: 'x' }, update: { secret } } } },
      }),
    'nested upsert of a new row': () =>
      shop.customer.update({
        where,
        data: {
          orders: {
            upsert: {
              where: { customerId_number: { customerId: ids[0], number: 1 } },
              create: order,
              update: { address: 'x' },
            },
          },
        },
      }),
    'update of three levels': () =>
      shop.tenant.update({
        where: { id: 't1' },
        data: {
          customers: { update: { where, data: { profile: { update: { secret } }, name: secret } } },
        },
      }),
    'an array of $transaction': () =>
      shop.$transaction([
        shop.customer.create({ data: customer }),
        shop.customer.update({ where, data: { name: secret } }),
      ]),
    'an interactive transaction': () =>
      shop.$transaction(async (tx) => {
        await tx.customer.create({ data: customer })
        await tx.customer.update({ where: { email: customer.email }, data: { name: `${secret}!` } })
      }),
  }

  it.each(Object.keys(writes))('%s stores no plaintext, and is read again', async (name) => {
    await writes[name]?.()
    expect(await storedText()).not.toMatch(/TOP-SECRET|SECRET|VE9QLVNFQ1JFV/)
    const reader = run.another()
    const rows = await Promise.all([
      reader.customer.findMany(),
      reader.order.findMany(),
      reader.profile.findMany(),
      reader.tag.findMany(),
    ])
    const text = JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    expect(text).toContain(secret)
  })

  const refused: Record<string, [() => Promise<unknown>, string]> = {
    updateMany: [
      () => shop.customer.updateMany({ data: { name: secret } }),
      'updateMany cannot write Customer.name: each row has a ciphertext of its own. Update the rows one by one, in a transaction.',
    ],
    updateManyAndReturn: [
      () => shop.customer.updateManyAndReturn({ data: { notes: { secret } } }),
      'updateMany cannot write Customer.notes',
    ],
    'nested updateMany': [
      () =>
        shop.customer.update({
          where,
          data: { orders: { updateMany: { where: {}, data: { address: { set: secret } } } } },
        }),
      'updateMany cannot write Order.address',
    ],
    'the blind index': [
      () => shop.customer.create({ data: { ...customer, emailIndex: secret } }),
      'Customer.emailIndex is the blind index of email and is written with it. Leave it out.',
    ],
    'another ID': [
      () => shop.customer.update({ where, data: { id: ids[1], name: secret } }),
      'Customer.id cannot be changed: ciphertext of the row is bound to it. Create a new row, and delete the old one.',
    ],
    'another tenant': [
      () => shop.customer.update({ where, data: { tenantId: 't2' } }),
      'Customer.tenantId cannot be changed',
    ],
    'another tenant by its relation': [
      () => shop.customer.update({ where, data: { tenant: { connect: { slug: 'slug-t2' } } } }),
      'Customer.tenantId cannot be changed',
    ],
    'another tenant of many': [
      () => shop.customer.updateMany({ data: { tenantId: 't2' } }),
      'Customer.tenantId cannot be changed',
    ],
    'another tenant from its side': [
      () => shop.tenant.update({ where: { id: 't2' }, data: { customers: { connect: where } } }),
      'connect would change Customer.tenantId, to which ciphertext of the row is bound.',
    ],
    'another ID of the tenant': [
      () => shop.tenant.update({ where: { id: 't1' }, data: { id: 't9' } }),
      'Tenant.id cannot be changed: Customer.tenantId (relation tenant) follows it',
    ],
    'half of a surrogate pair': [
      () => shop.customer.update({ where, data: { name: '\ud800' } }),
      'Customer.name has half of a surrogate pair',
    ],
    'a row whose ID is not known': [
      () => shop.tag.create({ data: { label: secret } as never }),
      'Tag.id must be given: ciphertext of the row is bound to it',
    ],
    'a tenant that may be another one': [
      () =>
        shop.customer.create({
          data: { ...full, tenant: { connectOrCreate: { where: { slug: 's' }, create: { slug: 's' } } } },
        }),
      'Customer.tenantId cannot be known before the row is written: use connect or create, or write the related row first.',
    ],
  }

  it.each(Object.keys(refused))('is refused, and nothing is written: %s', async (name) => {
    const before = await storedText()
    const [write, message] = refused[name] ?? [async () => {}, '']
    const error = await write().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnsupportedQueryError)
    expect(String(error)).toContain(message)
    expect(await storedText()).toBe(before)
  })

  it('may repeat what its row is bound to', async () => {
    await shop.customer.update({
      where,
      data: { id: ids[0], tenantId: 't1', name: secret },
    })
    await shop.customer.update({ where, data: { tenant: { connect: { slug: 'slug-t1' } }, name: 'Eve' } })
    expect(await shop.customer.findUnique({ where })).toMatchObject({ name: 'Eve', tenantId: 't1' })
  })

  it.each([
    ['update', () => shop.customer.update({ where: { id: ids[2] }, data: { name: secret } })],
    [
      'update by a blind index',
      () => shop.customer.update({ where: { email: 'no@one' }, data: { name: secret } }),
    ],
    [
      'nested update',
      () =>
        shop.customer.update({
          where,
          data: { tags: { update: { where: { id: 5n }, data: { label: secret } } } },
        }),
    ],
  ])('%s of a row that is not there fails as without encryption', async (_name, write) => {
    await expect(write()).rejects.toMatchObject({ code: 'P2025' })
  })
})

describe('an array of $transaction', () => {
  it('is done as a whole or not at all', async () => {
    const both = shop.$transaction([
      shop.customer.create({ data: ann }),
      shop.$executeRaw`UPDATE "Tenant" SET "slug" = 'changed' WHERE "id" = 't1'`,
      shop.tenant.create({ data: { id: 't1', slug: 'again' } }),
    ])
    await expect(both).rejects.toMatchObject({ code: 'P2002' })
    expect(await run.plain.customer.count()).toBe(0)
    expect(await run.plain.tenant.count({ where: { slug: 'changed' } })).toBe(0)
  })

  it('is not begun if one of its queries is refused', async () => {
    const both = shop.$transaction([
      shop.tenant.create({ data: { id: 't3', slug: 'three' } }),
      shop.customer.updateMany({ data: { name: 'x' } }),
      shop.customer.create({ data: ann }),
    ])
    await expect(both).rejects.toBeInstanceOf(UnsupportedQueryError)
    expect(await run.plain.tenant.count()).toBe(2)
  })
})

describe('an interactive transaction', () => {
  it('reads its own rows, and leaves nothing when it fails', async () => {
    const failed = shop.$transaction(async (tx) => {
      const { id } = await tx.customer.create({ data: ann })
      await tx.customer.update({ where: { email: ' ANN@example.org ' }, data: { name: 'Eve' } })
      expect(await tx.customer.findUnique({ where: { id } })).toMatchObject({ name: 'Eve' })
      throw new Error('enough')
    })
    await expect(failed).rejects.toThrow('enough')
    expect(await run.plain.customer.count()).toBe(0)
  })
})

describe('another extension', () => {
  const renaming = {
    name: 'renaming',
    query: {
      customer: {
        // biome-ignore lint/suspicious/noExplicitAny: arguments of any operation
        $allOperations({ args, query }: any) {
          if (args.data !== undefined) args.data.name = 'PLAINTEXT'
          return query(args)
        },
      },
    },
  }
  const refusal =
    'The extension "renaming" has a query part and is added after fieldEncryption: its values would be stored as plaintext. Add it before:'

  it('that changes queries comes before, and what it writes is encrypted', async () => {
    const options = { keystead: run.keystead, fields: encryptedFields }
    const extended = run.plain.$extends(renaming).$extends(fieldEncryption(options))
    expect(await extended.customer.create({ data: ann })).toMatchObject({ name: 'PLAINTEXT' })
    await extended.$transaction((tx) => tx.customer.create({ data: bob }))
    expect(await storedText()).not.toContain('PLAINTEXT')
    expect(await shop.customer.count({ where: { name: 'plaintext' } })).toBe(2)
  })

  it('that changes queries is refused after encryption, however it is given', () => {
    expect(() => shop.$extends(renaming)).toThrow(refusal)
    expect(() => shop.$extends(Prisma.defineExtension(renaming))).toThrow(refusal)
    const made = Prisma.defineExtension((client) => client.$extends(renaming))
    expect(() => shop.$extends(made)).toThrow(refusal)
    const later = shop.$extends({ client: { $hello: () => 'hello' } })
    expect(() => later.$extends(renaming)).toThrow(refusal)
    expect(() => later.$extends(made)).toThrow(refusal)
  })

  it('without queries may come after it, and works in a transaction', async () => {
    const later = shop
      .$extends({ client: { $hello: () => 'hello' } })
      .$extends({
        result: {
          customer: { loud: { needs: { name: true }, compute: ({ name }) => `${name?.toUpperCase()}!` } },
        },
      })
      .$extends({
        model: { customer: { byName: (name: string) => shop.customer.count({ where: { name } }) } },
      })
    expect(later.$hello()).toBe('hello')
    const loud = await later.$transaction(async (tx) => {
      expect('$extends' in tx && tx.$extends).toBeFalsy()
      await tx.customer.create({ data: ann })
      return (await tx.customer.findFirstOrThrow({ select: { loud: true, name: true } })).loud
    })
    expect(loud).toBe('ANN!')
    expect(await later.customer.byName('ann')).toBe(1)
    expect(await storedText()).not.toContain('"Ann"')
  })
})

describe('a blind index', () => {
  beforeEach(async () => {
    await shop.customer.createMany({ data: [ann, { ...bob, name: 'ANN' }] })
  })

  it('finds equal values, whatever their spelling', async () => {
    const find = async (where: Prisma.CustomerWhereInput) =>
      (await shop.customer.findMany({ where, orderBy: { tenantId: 'asc' } })).map(({ email }) => email)
    expect(await find({ email: 'ann@example.ORG ' })).toEqual([ann.email])
    expect(await find({ email: { equals: ann.email } })).toEqual([ann.email])
    expect(await find({ email: { in: ['nobody', bob.email] } })).toEqual([bob.email])
    expect(await find({ email: { not: bob.email } })).toEqual([ann.email])
    expect(await find({ email: { not: { in: [bob.email] } } })).toEqual([ann.email])
    expect(await find({ email: { notIn: [bob.email, ann.email] } })).toEqual([])
    expect(await find({ name: 'ann' })).toEqual([ann.email, bob.email])
    expect(await find({ name: 'ann', AND: { OR: [{ email: bob.email }, { email: 'x' }] } })).toEqual([
      bob.email,
    ])
    expect(await find({ name: 'ann', nameIndex: null })).toEqual([])
    expect(await find({ NOT: { email: ann.email } })).toEqual([bob.email])
    expect(await find({ tenant: { is: { customers: { some: { email: bob.email } } } } })).toEqual([bob.email])
    expect(await find({ email: undefined as never })).toEqual([ann.email, bob.email])
    expect(await shop.tenant.findMany({ where: { customers: { some: { email: 'nobody' } } } })).toEqual([])
    expect(
      await shop.tenant.findFirst({
        where: { id: 't1' },
        select: { _count: { select: { customers: { where: { email: bob.email } } } } },
      }),
    ).toEqual({ _count: { customers: 0 } })
    expect(await shop.customer.findUnique({ where: { email: bob.email } })).toMatchObject({
      email: bob.email,
    })
    expect(await shop.customer.findMany({ distinct: ['name'] })).toHaveLength(1)
    expect(await shop.customer.count({ where: { name: 'Ann' } })).toBe(2)
  })

  it('connects the row that has an equal value, and the database sees no plaintext', async () => {
    const customer = { connect: { email: 'ANN@example.ORG' } }
    run.takeStatements()
    const order = await shop.order.create({ data: { number: 1, address: 'A', customer } })
    const key = { customerId_number: { customerId: order.customerId, number: 1 } }
    await shop.order.update({ where: key, data: { gift: 'G', customer } })
    expect(await shop.customer.findUnique({ where: { id: order.customerId } })).toMatchObject(ann)
    await expect(
      shop.order.update({ where: key, data: { customer: { connect: { email: bob.email } } } }),
    ).rejects.toThrow('Order.customerId cannot be changed')
    await expect(
      shop.order.create({
        data: { number: 1, address: 'A', customer: { connect: { email: 'no@example.org' } } },
      }),
    ).rejects.toThrow('connect: no Customer fits email.')
    const statements = run.takeStatements()
    expect(statements).toContain('INSERT')
    expect(statements).not.toMatch(/example\.org/i)
  })

  it('keeps values unique that are equal after normalisation', async () => {
    const again = shop.customer.create({ data: { ...bob, email: 'BOB@example.org' } })
    await expect(again).rejects.toMatchObject({ code: 'P2002' })
  })

  it('takes one call for a query, and opening a result one more', async () => {
    const reader = run.another()
    await reader.tenant.count()
    run.takeCalls()
    await reader.customer.findMany({ where: { email: { in: ['a', 'b', ann.email] }, name: { not: 'x' } } })
    expect(run.takeCalls()).toBe(2)
    await shop.customer.createMany({
      data: Array.from({ length: 50 }, (_, index) => ({ ...ann, email: `${index}@x`, name: null })),
    })
    run.takeCalls()
    expect(await run.another().customer.findMany()).toHaveLength(52)
    expect(run.takeCalls()).toBe(1)
  })

  const refused: [string, () => Promise<unknown>, string][] = [
    [
      'contains',
      () => shop.customer.findMany({ where: { email: { contains: 'ann' } } }),
      'where cannot use contains on Customer.email: it is encrypted. Its blind index finds equal values: use equals, in, not or notIn.',
    ],
    [
      'mode',
      () => shop.customer.findMany({ where: { email: { equals: 'a', mode: 'insensitive' } } }),
      'where cannot use mode on Customer.email',
    ],
    [
      'no index',
      () => shop.order.findMany({ where: { gift: 'x' } }),
      'where cannot look for a value of Order.gift: it is encrypted and has no blind index. Add a field with @searchable(of: "gift").',
    ],
    [
      'JSON',
      () => shop.customer.findMany({ where: { notes: { path: ['a'], equals: 1 } } }),
      'where cannot use path on Customer.notes',
    ],
    [
      'order',
      () => shop.customer.findMany({ orderBy: { email: 'asc' } }),
      'orderBy cannot use Customer.email: it is encrypted. Sort the result, or order by another field.',
    ],
    [
      'order of a relation',
      () => shop.order.findMany({ orderBy: [{ customer: { name: { sort: 'asc', nulls: 'last' } } }] }),
      'orderBy cannot use Customer.name',
    ],
    [
      'order inside of include',
      () => shop.tenant.findMany({ include: { customers: { orderBy: { name: 'asc' } } } }),
      'orderBy cannot use Customer.name',
    ],
    [
      'distinct',
      () => shop.order.findMany({ distinct: 'address' }),
      'distinct cannot use Order.address: it is encrypted and has no blind index (@searchable).',
    ],
    ['groupBy', () => shop.customer.groupBy({ by: ['name'] }), 'by cannot use Customer.name'],
    [
      'having',
      () => shop.customer.groupBy({ by: ['city'], having: { name: { _max: { gt: 'a' } } } }),
      'having cannot use Customer.name',
    ],
    ['aggregate', () => shop.customer.aggregate({ _max: { email: true } }), '_max cannot use Customer.email'],
    [
      'a field of the database',
      () => shop.customer.findMany({ where: { city: { equals: run.plain.customer.fields.name } } }),
      'where cannot compare Customer.city with Customer.name, which is encrypted.',
    ],
  ]
  it.each(refused)('refuses what it cannot do: %s', async (_name, query, message) => {
    const error = await query().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnsupportedQueryError)
    expect(String(error)).toContain(message)
  })

  it('leaves what is not encrypted as it is', async () => {
    expect(await shop.customer.groupBy({ by: ['city'], _count: { name: true } })).toEqual([
      { city: 'Ghent', _count: { name: 2 } },
    ])
    expect(
      await shop.customer.aggregate({ where: { email: ann.email }, _max: { city: true }, _count: true }),
    ).toEqual({
      _max: { city: 'Ghent' },
      _count: 1,
    })
  })
})
