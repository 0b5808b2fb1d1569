import { expect, test } from 'vitest'
import { printTable } from '../../bench/report.ts'
import { median, ratioOf, takeTurns } from '../../bench/turns.ts'

test('what is compared by a benchmark takes turns, and the first of one round is the last of the next', async () => {
  const order: string[] = []
  const contestant = (name: string) => async () => order.push(name)
  const figures = await takeTurns(3, { a: contestant('a'), b: contestant('b') })
  expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b'])
  expect(figures).toEqual({ a: [1, 4, 5], b: [2, 3, 6] })
})

test('a ratio is the median of those of the rounds, so that one disturbed round does not count', () => {
  expect(ratioOf([100, 10, 120], [50, 100, 100])).toBe(1.2)
  expect(median([3, 1, 2])).toBe(2)
})

test('the table of a run has a row for each line, and says whether its target was met', () => {
  const line = { target: '≥ 1 ×', conditions: 'a | b' }
  const table = printTable(
    [
      { ...line, what: 'fast', figure: '2.00 ×', isMet: true },
      { ...line, what: 'slow', figure: '0.50 ×', isMet: false },
      { ...line, what: 'told', figure: '7 ms', isMet: null },
    ],
    'PostgreSQL 18',
  )
  expect(table.split('\n').slice(-3)).toEqual([
    '| fast | ≥ 1 × | 2.00 × | yes | a \\| b |',
    '| slow | ≥ 1 × | 0.50 × | no | a \\| b |',
    '| told | ≥ 1 × | 7 ms | – | a \\| b |',
  ])
  expect(table).toContain(`Node ${process.versions.node}, PostgreSQL 18, commit `)
})
