import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { startLoadedServer } from '../against-yoga.ts'
import type { MeasuredServer } from '../measured-server.ts'
import {
  createKey,
  decrypt,
  measureOperation,
  message,
  messageText,
  type Operation,
  textIn,
} from '../operations.ts'
import type { Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf, takeTurns } from '../turns.ts'

const target = 0.6
const items = 100
const connections = 8

/** The fast way to many operations. */
export const batchPart: Part = {
  name: 'batch',
  summary: 'encryptBatch against a loop of AES-256-GCM',
  async run(bench) {
    const { seconds, rounds } = bench
    const audited = await startLoadedServer(bench, 'batch')
    const unaudited = await startLoadedServer(bench, 'batch_unaudited', {}, '--without-audit')
    try {
      const contestants = await Promise.all(
        [audited, unaudited].map(async (server) => ({ server, operation: await batchOperation(server) })),
      )
      const [withAudit, without] = contestants.map(
        ({ server, operation }) =>
          async (length = seconds) =>
            items *
            (await measureOperation(server, operation, { connections, seconds: length })).requestsPerSecond,
      )
      if (withAudit === undefined || without === undefined) throw new TypeError('there are two servers')
      for (const measure of [withAudit, without]) await measure(Math.min(3, seconds))
      encryptInLoop(0.5)
      const figures = await takeTurns(rounds, {
        audited: () => withAudit(),
        unaudited: () => without(),
        loop: async () => encryptInLoop(seconds),
      })
      return (['audited', 'unaudited'] as const).map((name) => {
        const ratio = ratioOf(figures[name], figures.loop)
        const isLine = name === 'audited'
        return {
          what: `encryptBatch of ${items} × 256 B, items/s, ${isLine ? 'durable audit on PostgreSQL' : 'without audit'}`,
          target: isLine ? `≥ ${target} × node:crypto in a loop` : 'report',
          figure: `${numberOf(ratio)} ×`,
          isMet: isLine ? ratio >= target : null,
          conditions: `${numberOf(median(figures[name]))} against ${numberOf(median(figures.loop))} items/s; ${connections} connections, ${rounds} rounds of ${seconds} s`,
        }
      })
    } finally {
      await audited.stop()
      await unaudited.stop()
    }
  },
}

async function batchOperation(server: MeasuredServer): Promise<Operation> {
  const keyId = await createKey(server, 'batch', 'AES_256_GCM')
  return {
    load: {
      query:
        'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { ... on EncryptBatchPayload { results { result { ... on EncryptPayload { ciphertext } } } } } }',
      variables: {
        input: { items: Array.from({ length: items }, () => ({ key: keyId, plaintext: messageText })) },
      },
      expected: new RegExp(
        `^\\{"data":\\{"encryptBatch":\\{"results":\\[(\\{"result":\\{"ciphertext":"[\\w+/=]{400,440}"\\}\\},?){${items}}\\]\\}\\}\\}$`,
      ),
    },
    async check(answers) {
      const ciphertexts = answers.flatMap((answer) => answer.match(/"ciphertext":"[^"]+"/g) ?? [])
      assert.equal(new Set(ciphertexts).size, answers.length * items, 'no two ciphertexts are the same')
      for (const ciphertext of ciphertexts.slice(0, items)) {
        assert.equal(await decrypt(server, textIn(ciphertext, 'ciphertext')), messageText)
      }
    },
  }
}

/** What one thread can do at most: a new nonce for each message, and its tag. */
function encryptInLoop(seconds: number): number {
  const key = randomBytes(32)
  const startedAtMs = performance.now()
  const endsAtMs = startedAtMs + seconds * 1000
  let count = 0
  for (let nowMs = startedAtMs; nowMs < endsAtMs; nowMs = performance.now()) {
    for (let n = 0; n < 1000; n++, count++) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const body = Buffer.concat([cipher.update(message), cipher.final()])
      const tag = cipher.getAuthTag()
      if (n > 0) continue
      const opener = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(tag)
      assert.ok(Buffer.concat([opener.update(body), opener.final()]).equals(message))
    }
  }
  return (count * 1000) / (performance.now() - startedAtMs)
}
