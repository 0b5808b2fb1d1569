import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'

/** What a copy of a running machine has in common with the original: both generators at the same place, or one. */
const copied = vi.hoisted(() => ({ openssl: false, kernel: false, drawn: 0, read: 0 }))

vi.mock('node:crypto', async (load) => {
  const crypto = await load<typeof import('node:crypto')>()
  return {
    ...crypto,
    randomFillSync: (bytes: Buffer) => {
      copied.drawn++
      return copied.openssl ? bytes.fill(7) : crypto.randomFillSync(bytes)
    },
  }
})

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>()
  return {
    ...fs,
    readSync: (...input: Parameters<typeof fs.readSync>) => {
      copied.read++
      const length = fs.readSync(...input)
      if (copied.kernel) (input[1] as Buffer).fill(9)
      return length
    },
  }
})

const { freshRandomBytes } = await import('../../src/crypto/secrets.ts')
const { algorithms } = await import('../../src/crypto/algorithms.ts')

beforeEach(() => {
  Object.assign(copied, { openssl: false, kernel: false, drawn: 0, read: 0 })
})

/** What one machine draws, and then its copy. */
function drawTwice<T>(draw: () => T): [T, T] {
  return [draw(), draw()]
}

describe('random bytes', () => {
  it('are never the same, and all of them are random', () => {
    const drawn = Array.from({ length: 5000 }, () => freshRandomBytes(12).toString('hex'))
    expect(new Set(drawn).size).toBe(drawn.length)
    const long = Array.from({ length: 20 }, () => freshRandomBytes(1024))
    const isUsed = (index: number) => long.some((bytes) => bytes[index] !== long[0]?.[index])
    expect(Array.from({ length: 1024 }, (_, index) => index).filter((index) => !isUsed(index))).toEqual([])
  })

  it.each(['openssl', 'kernel'] as const)(
    'differ in a copy of the machine whose %s generator repeats',
    (which) => {
      copied[which] = true
      const [original, copy] = drawTwice(() => freshRandomBytes(12))
      expect(original.equals(copy)).toBe(false)
    },
  )

  it('would be the same if both generators repeated: nothing else is mixed in', () => {
    copied.openssl = copied.kernel = true
    const [original, copy] = drawTwice(() => freshRandomBytes(12))
    expect(original.equals(copy)).toBe(true)
  })
})

describe.each(
  algorithms.flatMap((entry) => {
    const capability = entry.capabilities.ENCRYPT_DECRYPT
    return capability?.kind === 'aead' ? [{ name: entry.name, entry, capability }] : []
  }),
)('a nonce of $name', ({ entry, capability }) => {
  it('is drawn with its encryption, none ahead', async () => {
    const { secret } = await entry.generate((_length, task) => task())
    const key = entry.load(secret)
    Object.assign(copied, { drawn: 0, read: 0 })
    for (let count = 1; count <= 600; count++) {
      capability.seal(key, Buffer.from('m'), Buffer.alloc(0))
      expect([copied.drawn, copied.read]).toEqual([count, count])
    }
  })

  it('differs in a copy of the process, which has the same state of OpenSSL', async () => {
    const { secret } = await entry.generate((_length, task) => task())
    const key = entry.load(secret)
    copied.openssl = true
    const seal = () =>
      capability.seal(key, Buffer.from('m'), Buffer.alloc(0)).subarray(0, capability.nonceBytes)
    const [original, copy] = drawTwice(seal)
    expect(original.equals(copy)).toBe(false)
  })
})

describe('the random bytes of the server', () => {
  it('come from one place, but for those that are no secret', () => {
    const root = join(import.meta.dirname, '../..')
    const drawing = /\b(randomBytes|randomFill|randomFillSync|getRandomValues|generateKeySync|randomInt)\(/
    const places = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
      drawing.test(readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')),
    )
    expect(places.sort()).toEqual([
      // Names of files that no other server has.
      'src/audit/sinks/file-sink.ts',
      // Empties the queue of errors.
      'src/crypto/read-private-key.ts',
      'src/crypto/secrets.ts',
      // Content-Security-Policy of one page.
      'src/server/http/graphiql.ts',
      // Names that no other trial of the database has.
      'src/store/postgres/trial.ts',
      // Names of unfinished files.
      'src/user/output-file.ts',
      'src/user/saved-logins.ts',
    ])
  })
})
