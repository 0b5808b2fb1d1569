import { join } from 'node:path'
import { expect, it } from 'vitest'

// By a path that the compiler does not follow: the console's files have settings of their own.
const file = join(import.meta.dirname, '../../console/src/keys/activity/csv.ts')
const { csvHead, csvLines } = (await import(file)) as {
  csvHead: string
  csvLines: (events: readonly unknown[]) => string
}

const event = {
  occurredAt: '2026-11-30T09:00:00.000Z',
  action: 'ENCRYPT',
  outcome: 'SUCCEEDED',
  errorCode: null,
  actor: { id: 'user:ada' },
  actorDisplayName: 'Ada',
  keyId: 'ukey_1',
  keyName: 'orders',
  keyRevision: null,
  versionNumbers: [1, 2],
  context: [{ name: 'tenant', value: 'a,"b"' }],
  sourceContext: [],
  clientAddress: null,
  requestId: 'r1',
  tokenId: null,
  details: { count: 2 },
  id: 'audt_1',
}

it('an event is a line whose cells are in the order of the head', () => {
  expect(csvHead.trimEnd().split(',')).toHaveLength(17)
  expect(csvLines([event])).toBe(
    '2026-11-30T09:00:00.000Z,ENCRYPT,SUCCEEDED,,user:ada,Ada,ukey_1,orders,,1 2,"{""tenant"":""a,\\""b\\""""}",,,r1,,"{""count"":2}",audt_1\r\n',
  )
})

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '＝1'])(
  '%j does not reach a spreadsheet as a formula',
  (actorDisplayName) => {
    const line = csvLines([{ ...event, actorDisplayName }])
    expect(line).toContain(`'${actorDisplayName}`)
    expect(line).not.toMatch(/,"?\s*[=+@＝-]/)
  },
)

it('a context is no formula where spreadsheets part cells at semicolons, as in much of Europe', () => {
  const line = csvLines([{ ...event, context: [{ name: 'tenant', value: 'a; =1+1;b' }] }])
  const cells = line.split(';')
  expect(cells).toHaveLength(3)
  expect(cells.filter((each) => /^\s*=/.test(each))).toEqual([])
  expect(line).toContain("a;' =1+1;b")
})
