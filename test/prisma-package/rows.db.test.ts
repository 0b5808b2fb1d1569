import { execFile } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type Conversion, convertRows } from '../../packages/prisma/src/command/convert-rows.ts'
import { openShopDatabase, type Shop, type ShopStory, startShop } from './shop.ts'

let run: ShopStory
let shop: Shop
let twin: Awaited<ReturnType<typeof openShopDatabase>>

beforeAll(async () => {
  run = await startShop()
  shop = run.shop
  twin = await openShopDatabase()
})
afterAll(async () => {
  await twin.close()
  await run.end()
})
beforeEach(() => run.clear())

const idOf = (digit: number) => `00000000-0000-4000-8000-${String(digit).padStart(12, '0')}`

/** Rows as they were before the shop had encryption. */
async function fillPlain(count: number): Promise<void> {
  await run.plain.tenant.create({ data: { id: 't1', slug: 'one' } })
  await run.plain.customer.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      id: idOf(index + 1),
      tenantId: 't1',
      email: `${index}@x`,
      name: index % 3 === 0 ? null : `name ${index}`,
      ...(index % 2 === 0 && { notes: { index } }),
      photo: Uint8Array.of(index),
    })),
  })
}

const readAll = (client: Pick<Shop, 'customer'>) =>
  client.customer.findMany({ orderBy: { id: 'asc' }, omit: { emailIndex: true, nameIndex: true } })

function convert(direction: Conversion['direction'], options: Partial<Conversion> & { with?: Shop } = {}) {
  const parts = (options.with ?? shop).$keystead()
  const model = parts.schema.model('Customer')
  return convertRows({ parts, model, direction, batchSize: 4, isDryRun: false, onProgress() {}, ...options })
}

describe('rows that are there', () => {
  it('are encrypted, counted, rotated and decrypted, and are the same at the end', async () => {
    await fillPlain(10)
    const before = await readAll(run.plain as never)
    const states = async () => Object.fromEntries((await convert('encrypt', { isDryRun: true })).values)
    expect(await states()).toEqual({
      'email: plaintext': 10,
      'emailIndex: none': 10,
      'name: plaintext': 6,
      'nameIndex: none': 6,
      'notes: plaintext': 5,
      'photo: plaintext': 10,
    })
    expect(await readAll(run.plain as never)).toEqual(before)

    const progress: [number, string][] = []
    const done = await convert('encrypt', {
      onProgress: ({ rows }, last) => void progress.push([rows, last]),
    })
    expect(done).toMatchObject({ rows: 10, changed: 10, unchanged: 0, busy: 0, unreadable: [] })
    expect(progress).toEqual([
      [4, `id ${idOf(4)}`],
      [8, `id ${idOf(8)}`],
      [10, `id ${idOf(10)}`],
    ])
    expect(await readAll(shop)).toEqual(before)
    expect(await shop.customer.findUnique({ where: { email: ' 7@X ' } })).toMatchObject({ id: idOf(8) })
    expect(await convert('encrypt')).toMatchObject({ rows: 10, changed: 0, unchanged: 10 })

    await run.keystead.rotateUserKey({ key: 'customers' })
    await run.keystead.rotateUserKey({ key: 'customers-index' })
    // A process of its own: data keys of this one are of the version before.
    const rotated = run.another()
    expect(await convert('rotate', { with: rotated })).toMatchObject({ changed: 10 })
    expect(await convert('rotate', { with: rotated })).toMatchObject({ changed: 0, unchanged: 10 })
    const versions = [...(await convert('rotate', { isDryRun: true })).values].map(
      ([state]) => state.split(' of ')[0],
    )
    expect(versions.toSorted()).toEqual(
      ['email', 'emailIndex', 'name', 'nameIndex', 'notes', 'photo'].map((name) => `${name}: version 2`),
    )
    expect(await readAll(run.another())).toEqual(before)
    expect(await rotated.customer.findUnique({ where: { email: '7@x' } })).toMatchObject({ id: idOf(8) })

    expect(await convert('decrypt', { with: rotated })).toMatchObject({ changed: 10 })
    expect(await readAll(run.plain as never)).toEqual(before)
    expect(await run.plain.customer.count({ where: { emailIndex: { not: null } } })).toBe(0)
  })

  it('get the code of their value, whatever code of the same version was there', async () => {
    await fillPlain(2)
    const current = run.another({ plaintext: 'allow' })
    await convert('encrypt', { with: current })
    const where = { id: idOf(2) }
    const { nameIndex } = await run.plain.customer.findUniqueOrThrow({ where })
    const forged = `${nameIndex?.split('.')[0]}.AAAA`
    for (const direction of ['rotate', 'encrypt'] as const) {
      await run.plain.customer.update({ where, data: { nameIndex: forged } })
      expect(await convert(direction, { with: current })).toMatchObject({ changed: 1, unchanged: 1 })
      expect(await run.plain.customer.findUniqueOrThrow({ where })).toMatchObject({ nameIndex })
    }
  })

  it('are left and listed if they cannot be written, and the others are written', async () => {
    await fillPlain(4)
    await run.plain.customer.update({ where: { id: idOf(3) }, data: { email: '0@X ' } })
    await run.plain.customer.update({ where: { id: idOf(4) }, data: { email: ' ' } })
    const { changed, unreadable } = await convert('encrypt')
    expect(changed).toBe(2)
    expect(unreadable.toSorted()).toEqual([
      expect.stringMatching(
        /^Customer with id .*[13]: another row has an equal value after normalisation \(unique emailIndex/,
      ),
      expect.stringContaining('Customer.email has nothing left after normalise: "email"'),
    ])
    expect(await run.plain.customer.count({ where: { emailIndex: null } })).toBe(2)
  })

  it('are all there and whole when Keystead fails in the middle, and the next run goes on', async () => {
    await fillPlain(12)
    const before = await readAll(run.plain as never)
    await convert('encrypt')
    await run.keystead.rotateUserKey({ key: 'customers' })
    let left = 9
    const keystead = run.clientOf({
      attemptsMax: 1,
      // Each record has a data key of its own, and so each asks for some.
      dataKeys: { usesMax: 1 },
      async fetch(input, init) {
        left -= 1
        if (left < 0) return new Response('{"errors":[]}', { status: 503 })
        return fetch(input, init)
      },
    })
    const failing = convert('rotate', { with: run.another({ keystead }), batchSize: 1 })
    await expect(failing).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 503 })
    expect(await readAll(run.another())).toEqual(before)
    const { changed, unchanged } = await convert('rotate', { with: run.another() })
    expect(changed + unchanged).toBe(12)
    expect(changed).toBeLessThan(12)
    expect(unchanged).toBeLessThan(12)
  })

  it('keep what others write at the same time', async () => {
    await fillPlain(6)
    const writer = run.another({ plaintext: 'allow' })
    const parts = shop.$keystead()
    const { sealer } = parts
    const taken = new Set<unknown>()
    // Between the reading of a row and its writing.
    const seal: typeof sealer.seal = async (place, value) => {
      const id = place.row.get('id') ?? ''
      if (!taken.has(id) && [idOf(2), idOf(3)].includes(id)) {
        taken.add(id)
        await writer.customer.update({ where: { id }, data: { name: `new ${taken.size}` } })
      }
      if (!taken.has(id) && id === idOf(5)) {
        taken.add(id)
        await writer.customer.delete({ where: { id } })
      }
      return sealer.seal(place, value)
    }
    const done = await convert('encrypt', { parts: { ...parts, sealer: { ...sealer, seal } } })
    expect(done).toMatchObject({ rows: 6, changed: 5, unchanged: 1, busy: 0 })
    const names = (await readAll(shop)).map(({ name }) => name)
    expect(names).toEqual([
      null,
      expect.stringMatching(/^new /),
      expect.stringMatching(/^new /),
      null,
      'name 5',
    ])
  })

  it('are not touched where a value does not open', async () => {
    await fillPlain(3)
    await convert('encrypt')
    await run.plain.$executeRawUnsafe(`UPDATE customers SET photo = (SELECT photo FROM customers LIMIT 1)`)
    const before = await run.plain.customer.findMany()
    const { changed, unreadable } = await convert('decrypt')
    expect(changed).toBe(1)
    expect(unreadable).toHaveLength(2)
    expect(unreadable[0]).toContain('Customer.photo of the row with id')
    expect(before).toEqual(
      expect.arrayContaining(
        await run.plain.customer.findMany({ where: { email: { startsWith: 'kse1.' } } }),
      ),
    )
  })
})

/** Runs the command as a user does. */
function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const root = join(import.meta.dirname, '../..')
  return new Promise((resolve) => {
    const program = join(root, 'packages/prisma/src/command/main.ts')
    void (async () => {
      const env = {
        ...process.env,
        SHOP_DATABASE_URL: run.databaseUrl ?? '',
        KEYSTEAD_URL: run.story.app.url,
        KEYSTEAD_TOKEN: await run.story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
      }
      execFile(
        process.execPath,
        ['--no-warnings', program, ...args],
        { env, cwd: root },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
        },
      )
    })()
  })
}

describe('keystead-prisma', () => {
  it.each([
    [['seal', 'Customer'], 'Expected encrypt|rotate|decrypt and the name of a model.'],
    [['encrypt', 'Customer'], '--client FILE is missing.'],
    [['encrypt', 'Customer', '--batch-size', '0'], '--batch-size must be an integer from 1 to 5000, got 0.'],
    [['encrypt', 'Customer', '--client', 'no.ts'], 'no.ts cannot be loaded'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await command(...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })

  // Two processes cannot use one embedded database.
  it.runIf(inject('database') === 'postgres')('encrypts the rows of a database', async () => {
    await fillPlain(3)
    const client = ['--client', 'test/prisma-package/command-client.ts']
    expect((await command('encrypt', 'Nobody', ...client)).stderr).toContain(
      'Nobody is no model with encrypted fields. There are: Customer, Order, Profile, Tag.',
    )
    const dry = await command('encrypt', 'Customer', ...client, '--dry-run')
    expect(dry.stdout).toContain('3 rows: 3 to be written, 0 as they should be.')
    expect(dry.stdout).toContain('  email: plaintext: 3')
    const { code, stdout, stderr } = await command('encrypt', 'Customer', ...client)
    expect(stdout).toContain('3 rows: 3 written, 0 as they should be.')
    expect(stderr).toBe(`3 rows, 3 written, up to id ${idOf(3)}\n`)
    expect(code).toBe(0)
    expect(await shop.customer.findFirst({ where: { email: '1@x' } })).toMatchObject({ name: 'name 1' })
  })
})

/** What a client is asked; `plain` is for the twin. */
type Step = (client: Shop) => Promise<unknown>

const text = fc.constantFrom('ann', 'bob', 'eve', '', 'ünïcode ✓', 'x'.repeat(300))
const digit = fc.integer({ min: 1, max: 4 })
const email = digit.map((each) => `${each}@x`)
const name = fc.option(text)
const tenant = fc.constantFrom('t1', 't2')
const order = fc.record({ number: digit, address: text, gift: fc.option(text) })
const orders = fc.uniqueArray(order, { maxLength: 3, selector: (each) => each.number })
const names = fc.array(text, { maxLength: 3 })

const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  fc
    .record({ id: digit, tenantId: tenant, email, name, orders })
    .map(({ id, orders: own, ...data }): [string, Step] => [
      `create ${id} ${JSON.stringify(data)}`,
      (client) =>
        client.customer.create({
          data: { ...data, id: idOf(id), notes: [data.name], orders: { create: own } },
          include: { orders: true },
        }),
    ]),
  fc
    .tuple(digit, name)
    .map(([id, to]): [string, Step] => [
      `update ${id} ${to}`,
      (client) => client.customer.update({ where: { id: idOf(id) }, data: { name: to, city: 'Bruges' } }),
    ]),
  fc
    .tuple(email, email, text)
    .map(([from, to, other]): [string, Step] => [
      `update ${from} to ${to}`,
      (client) => client.customer.update({ where: { email: from }, data: { email: to, notes: { other } } }),
    ]),
  fc.tuple(digit, email, name, tenant).map(([id, own, to, tenantId]): [string, Step] => [
    `upsert ${id} ${own} ${to}`,
    (client) =>
      client.customer.upsert({
        where: { email: own },
        create: { id: idOf(id), tenantId, email: own, name: to },
        update: { name: to },
        select: { name: true },
      }),
  ]),
  fc.tuple(digit, order).map(([id, { number, address, gift }]): [string, Step] => [
    `order ${id} ${number} ${address}`,
    (client) =>
      client.customer.update({
        where: { id: idOf(id) },
        data: {
          orders: {
            upsert: {
              where: { customerId_number: { customerId: idOf(id), number } },
              create: { number, address, gift },
              update: { gift },
            },
          },
        },
        include: { orders: { orderBy: { number: 'asc' } } },
      }),
  ]),
  fc
    .tuple(email, digit)
    .map(([own, number]): [string, Step] => [
      `delete order ${own} ${number}`,
      (client) => client.order.deleteMany({ where: { number, customer: { email: own } } }),
    ]),
  fc
    .tuple(email)
    .map(([own]): [string, Step] => [
      `delete ${own}`,
      (client) => client.customer.delete({ where: { email: own } }),
    ]),
  fc
    .tuple(names)
    .map(([of]): [string, Step] => [
      `nobody's name ${of}`,
      (client) => client.customer.updateMany({ where: { name: { in: of } }, data: { name: null } }),
    ]),
  fc.tuple(names, email).map(([of, own]): [string, Step] => [
    `find ${of} ${own}`,
    (client) =>
      client.customer.findMany({
        where: { OR: [{ name: { in: of } }, { name: null }, { NOT: { email: own } }] },
        select: {
          email: true,
          notes: true,
          orders: { select: { address: true }, orderBy: { number: 'asc' } },
        },
        orderBy: { id: 'asc' },
      }),
  ]),
  fc
    .tuple(text)
    .map(([of]): [string, Step] => [
      `tenants of ${of}`,
      (client) =>
        client.tenant.findMany({ where: { customers: { some: { name: of } } }, orderBy: { id: 'asc' } }),
    ]),
  fc.constant<[string, Step]>([
    'distinct',
    (client) =>
      client.customer.findMany({
        distinct: ['name'],
        orderBy: { id: 'asc' },
        select: { id: true, name: true },
      }),
  ]),
  fc.tuple(digit, email, text).map(([id, own, to]): [string, Step] => [
    `transaction ${id} ${own} ${to}`,
    (client) =>
      client.$transaction(async (tx) => {
        await tx.customer.update({ where: { id: idOf(id) }, data: { name: to } })
        return tx.customer.update({ where: { email: own }, data: { name: 'both' } })
      }),
  ]),
  fc
    .tuple(digit, email, email)
    .map(([id, one, other]): [string, Step] => [
      `array ${id} ${one} ${other}`,
      (client) =>
        client.$transaction([
          client.customer.update({ where: { email: one }, data: { name: 'array' } }),
          client.customer.create({ data: { id: idOf(id), tenantId: 't1', email: other } }),
        ]),
    ]),
)

describe('a client with encryption', () => {
  it('answers as one without, whatever is done', async () => {
    const shown = async (answer: Promise<unknown>) => {
      const value = await answer.catch((error: { code?: unknown }) => ({ code: error.code ?? String(error) }))
      const withoutIndexes = (key: string, each: unknown) => (key.endsWith('Index') ? undefined : each)
      return JSON.parse(JSON.stringify(value ?? null, withoutIndexes))
    }
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 25 }), async (sequence) => {
        for (const plain of [run.plain, twin.plain]) {
          await plain.$executeRawUnsafe('TRUNCATE "Tenant", "customers", "Order" CASCADE')
          await plain.tenant.createMany({
            data: [
              { id: 't1', slug: 'one' },
              { id: 't2', slug: 'two' },
            ],
          })
        }
        for (const [, step] of sequence) {
          // The types of both are the same.
          expect(await shown(step(shop))).toEqual(await shown(step(twin.plain as unknown as Shop)))
        }
        const all = (client: Shop) =>
          client.customer.findMany({ include: { orders: true }, orderBy: { id: 'asc' } })
        expect(await shown(all(run.another()))).toEqual(await shown(all(twin.plain as unknown as Shop)))
        const stored = JSON.stringify(await run.plain.customer.findMany({ include: { orders: true } }))
        expect(stored).not.toMatch(/"(ann|bob|eve|both|array|.@x)"/)
      }),
      { numRuns: inject('database') === 'postgres' ? 8 : 3 },
    )
  })
})
