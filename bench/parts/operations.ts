import { compareWithYoga, conditionsOf, startLoadedServer } from '../against-yoga.ts'
import { decryptOperation, encryptOperation, macOperation, signOperation } from '../operations.ts'
import type { Part } from '../part.ts'
import { numberOf } from '../report.ts'

const target = 1
/** Rounds of one operation differ by as much. */
const byNameTarget = 0.9

/** The other operations that services make for each of their own requests. */
export const operationsPart: Part = {
  name: 'operations',
  summary: 'decrypt, sign and generateMac against bare yoga, and encrypt by name against by ID',
  async run(bench) {
    const server = await startLoadedServer(bench, 'operations')
    try {
      const byName = await compareWithYoga(bench, {
        ID: { server, operation: await encryptOperation(server, 'by-id', 'ID') },
        name: { server, operation: await encryptOperation(server, 'by-name', 'name') },
        alias: { server, operation: await encryptOperation(server, 'by-alias', 'alias') },
      })
      const results = await compareWithYoga(bench, {
        'decrypt of 256 B': { server, operation: await decryptOperation(server) },
        'sign 256 B, Ed25519': { server, operation: await signOperation(server, 'ED25519') },
        'sign 256 B, ECDSA P-256': { server, operation: await signOperation(server, 'EC_P256') },
        'generateMac over 256 B, HMAC-SHA-256': { server, operation: await macOperation(server) },
      })
      const named = (['name', 'alias'] as const).map((by) => {
        const ratio = byName[by].ratio / byName.ID.ratio
        return {
          what: `encrypt of 256 B by ${by}, durable audit on PostgreSQL`,
          target: `≥ ${byNameTarget} × by ID`,
          figure: `${numberOf(ratio)} ×`,
          isMet: ratio >= byNameTarget,
          conditions: conditionsOf(byName[by], bench),
        }
      })
      const against = Object.entries(results).map(([what, result]) => ({
        what: `${what}, durable audit on PostgreSQL`,
        target: `≥ ${target.toFixed(1)} × bare yoga`,
        figure: `${numberOf(result.ratio)} ×`,
        isMet: result.ratio >= target,
        conditions: conditionsOf(result, bench),
      }))
      return [...against, ...named]
    } finally {
      await server.stop()
    }
  },
}
