import assert from 'node:assert/strict'
import { formatId } from '../../src/ids.ts'
import { insertBulkKeys, sharedSettings } from '../bulk-keys.ts'
import { freePort } from '../free-port.ts'
import { openHeapProbe } from '../heap-probe.ts'
import { MeasuredServer } from '../measured-server.ts'
import { decrypt, measureOperation, messageText, type Operation, textIn } from '../operations.ts'
import { loadSettings, type Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median } from '../turns.ts'

const connections = 64
/** What is counted for each key that was ever used is no part of the cache, and small. */
const growthMax = 1.1

/** What happens when there are more keys in use than the cache holds. */
export const cachePart: Part = {
  name: 'cache',
  summary: 'encrypt with more keys than the cache holds',
  async run(bench) {
    const { isQuick, seconds, rounds } = bench
    const [keys, cacheSize] = isQuick ? [4000, 400] : [100_000, 10_000]
    const settings = sharedSettings(await bench.postgres.createDatabase('cache'))
    bench.note(`making ${keys} keys`)
    const uuids = await insertBulkKeys(settings, {
      projectId: 'bench',
      count: keys,
      keyAt: (index) => ({
        name: `cached-${index}`,
        createdAt: new Date(),
        isRedacted: false,
        isDeactivated: false,
      }),
      areUsable: true,
      note: bench.note,
    })
    const inspectorPort = await freePort()
    const server = await MeasuredServer.start({
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}`,
      BENCH_SETTINGS: JSON.stringify({
        ...loadSettings,
        ...settings,
        KEY_CACHE_SIZE: String(cacheSize),
        // So long that it is the size that bounds the cache.
        CACHE_LIFETIME_MS: '60000',
        METRICS_PORT: '0',
      }),
    })
    const heap = await openHeapProbe(inspectorPort)
    const usedMiB = async () => Math.round((await heap.usedBytes()) / 2 ** 20)
    try {
      const operation = operationOn(
        server,
        uuids.map((uuid) => formatId('userKey', uuid)),
      )
      const cached = () => server.readMetric('keystead_key_cache_keys')
      for (let tries = 0; (await cached()) < cacheSize; tries++) {
        assert.ok(tries < 100, 'the cache fills')
        await measureOperation(server, operation, { connections, seconds })
      }
      // What else grows with the first requests is there after another round.
      await measureOperation(server, operation, { connections, seconds })
      const [used, resident] = [[await usedMiB()], [server.residentMiB()]]
      const lookups = (result: string) =>
        server.readMetric(`keystead_key_cache_lookups_total{result="${result}"}`)
      const [hitsBefore, missesBefore] = [await lookups('hit'), await lookups('miss')]
      const rates: number[] = []
      let keysMax = 0
      for (let round = 0; round < rounds; round++) {
        rates.push((await measureOperation(server, operation, { connections, seconds })).requestsPerSecond)
        resident.push(server.residentMiB())
        used.push(await usedMiB())
        keysMax = Math.max(keysMax, await cached())
      }
      const [hits, misses] = [(await lookups('hit')) - hitsBefore, (await lookups('miss')) - missesBefore]
      const growth = (used.at(-1) ?? Number.NaN) / (used[0] ?? Number.NaN)
      const conditions = `${keys.toLocaleString('en')} keys, uniform; cache of ${cacheSize.toLocaleString('en')}; ${connections} connections, durable audit on PostgreSQL; ${rounds} rounds of ${seconds} s`
      return [
        {
          what: `encrypt of 256 B with ${keys.toLocaleString('en')} different keys`,
          target: 'report',
          figure: `${numberOf(median(rates))} requests/s, ${numberOf((100 * hits) / (hits + misses))} % of keys from memory`,
          isMet: null,
          conditions,
        },
        {
          what: 'memory with more keys than the cache holds',
          target: 'no growth past the configured cache',
          figure: `${keysMax.toLocaleString('en')} keys in memory at most, ${used.at(-1)} MiB of objects in use after ${used[0]} MiB when the cache was full`,
          isMet: keysMax <= cacheSize && growth <= growthMax,
          conditions: `${misses.toLocaleString('en')} keys were loaded meanwhile; resident ${resident.at(-1)} MiB after ${resident[0]} MiB, garbage that is yet to be collected included; met: growth of at most ${Math.round((growthMax - 1) * 100)} %`,
        },
      ]
    } finally {
      heap.close()
      await server.stop()
    }
  },
}

/** `encrypt` of 256 bytes, with another key each time. */
function operationOn(server: MeasuredServer, keyIds: readonly string[]): Operation {
  const query =
    'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext keyId } } }'
  const [start, end] = JSON.stringify({
    query,
    variables: { input: { key: 'KEY', plaintext: messageText } },
  }).split('KEY')
  return {
    load: {
      query,
      variables: {},
      nextBody: () => `${start}${keyIds[Math.floor(Math.random() * keyIds.length)]}${end}`,
      expected: /^\{"data":\{"encrypt":\{"ciphertext":"[\w+/=]{400,440}","keyId":"ukey_[0-9a-z]{26}"\}\}\}$/,
    },
    async check(answers) {
      for (const answer of answers) {
        assert.equal(await decrypt(server, textIn(answer, 'ciphertext')), messageText)
      }
      const used = new Set(answers.map((answer) => textIn(answer, 'keyId')))
      assert.ok(answers.length < 10 || used.size > answers.length / 2, 'the keys are different ones')
    },
  }
}
