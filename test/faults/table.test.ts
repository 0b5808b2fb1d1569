import { expect, it } from 'vitest'
import { tableOf } from './table.ts'

it('a table of faults has a line for each, with the middle and the longest time until an answer', () => {
  const rows = [
    { fault: 'server killed', rounds: 20, acknowledged: 12_345, lost: 0, recoveredInMs: [900, 100, 300.4] },
    { fault: 'network gone', rounds: 3, acknowledged: 7, lost: 2, recoveredInMs: [] },
  ]
  expect(tableOf(rows).split('\n')).toEqual([
    'fault          rounds  acknowledged  lost  recovered in',
    'server killed      20         12345     0  median 300 ms, worst 900 ms',
    'network gone        3             7     2  never',
  ])
})
