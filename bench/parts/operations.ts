import { compareWithYoga, conditionsOf, startLoadedServer } from '../against-yoga.ts'
import { decryptOperation, macOperation, signOperation } from '../operations.ts'
import type { Part } from '../part.ts'
import { numberOf } from '../report.ts'

const target = 1

/** The other operations that services make for each of their own requests. */
export const operationsPart: Part = {
  name: 'operations',
  summary: 'decrypt, sign and generateMac against bare yoga',
  async run(bench) {
    const server = await startLoadedServer(bench, 'operations')
    try {
      const results = await compareWithYoga(bench, {
        'decrypt of 256 B': { server, operation: await decryptOperation(server) },
        'sign 256 B, Ed25519': { server, operation: await signOperation(server, 'ED25519') },
        'sign 256 B, ECDSA P-256': { server, operation: await signOperation(server, 'EC_P256') },
        'generateMac over 256 B, HMAC-SHA-256': { server, operation: await macOperation(server) },
      })
      return Object.entries(results).map(([what, result]) => ({
        what: `${what}, durable audit on PostgreSQL`,
        target: `≥ ${target.toFixed(1)} × bare yoga`,
        figure: `${numberOf(result.ratio)} ×`,
        isMet: result.ratio >= target,
        conditions: conditionsOf(result, bench),
      }))
    } finally {
      await server.stop()
    }
  },
}
