import { compareWithYoga, conditionsOf, startLoadedServer } from '../against-yoga.ts'
import { encryptOperation } from '../operations.ts'
import type { Line, Part } from '../part.ts'
import { numberOf } from '../report.ts'

const targets = { unaudited: 1.3, audited: 1.2 } as const

/** The most frequent operation, with its audit trail and without. */
export const encryptPart: Part = {
  name: 'encrypt',
  summary: 'single encrypt against bare yoga',
  async run(bench) {
    const unaudited = await startLoadedServer(bench, 'unaudited', {}, '--without-audit')
    try {
      const audited = await startLoadedServer(bench, 'audited')
      try {
        const contestants = {
          unaudited: { server: unaudited, operation: await encryptOperation(unaudited) },
          audited: { server: audited, operation: await encryptOperation(audited) },
        }
        const lines: Line[] = []
        for (const request of ['constant', 'encrypt'] as const) {
          const results = await compareWithYoga(bench, contestants, request)
          for (const name of ['unaudited', 'audited'] as const) {
            const what = `encrypt of 256 B, ${name === 'audited' ? 'durable audit on PostgreSQL' : 'without audit'}`
            const isLine = request === 'constant'
            lines.push({
              what: isLine ? what : `${what}, yoga answering the same request`,
              target: isLine ? `≥ ${targets[name]} × bare yoga` : 'report',
              figure: `${numberOf(results[name].ratio)} ×`,
              isMet: isLine ? results[name].ratio >= targets[name] : null,
              conditions: conditionsOf(results[name], bench),
            })
          }
        }
        return lines
      } finally {
        await audited.stop()
      }
    } finally {
      await unaudited.stop()
    }
  },
}
