import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RootKeyError } from '../../src/keyring/root-key-provider.ts'
import { createOutages } from '../../src/outages.ts'

const values = 'password=geheim'
const lines: { facts: object; message: string }[] = []
const log = { warn: (facts: object, message: string) => void lines.push({ facts, message }) }

beforeEach(() => {
  lines.length = 0
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => void vi.useRealTimers())

const withCode = (code: string) => Object.assign(new Error(values), { code })

describe('an outage', () => {
  it('is one warning a minute, with how often it was met since the one before', () => {
    const outages = createOutages(log)
    for (let times = 0; times < 1000; times++) outages.report('database', withCode('28P01'))
    expect(lines).toEqual([
      {
        facts: { part: 'database', code: '28P01', occurrences: 1 },
        message: expect.stringContaining('password'),
      },
    ])
    vi.advanceTimersByTime(60_000)
    outages.report('database', withCode('28P01'))
    expect(lines.slice(1)).toMatchObject([{ facts: { code: '28P01', occurrences: 1000 } }])
  })

  it('of another cause, part or issuer has a warning of its own', () => {
    const outages = createOutages(log)
    const trouble = { url: 'https://a.test/keys', code: 'HTTP_500', text: 'Status 500.' }
    outages.report('database', withCode('28P01'))
    outages.report('database', withCode('53300'))
    outages.report('auditTrail', withCode('53300'))
    outages.report('rootKey', new RootKeyError('the HSM cannot be used: it answers CKR_TOKEN_NOT_PRESENT'))
    outages.reportIssuer({ ...trouble, issuer: 'https://a.test', entry: 'a' })
    outages.reportIssuer({ ...trouble, issuer: 'https://b.test', entry: 'b' })
    expect(lines.map(({ facts }) => Object.values(facts).slice(0, 2))).toEqual([
      ['database', '28P01'],
      ['database', '53300'],
      ['auditTrail', '53300'],
      ['rootKey', 'CKR_TOKEN_NOT_PRESENT'],
      ['issuer', 'https://a.test'],
      ['issuer', 'https://b.test'],
    ])
  })

  it.each([
    ['an error of a driver', withCode('57P03'), '57P03'],
    [
      'an error of Prisma',
      Object.assign(new Error(values), {
        code: 'P2010',
        meta: { driverAdapterError: { cause: { originalCode: '53100', originalMessage: values } } },
      }),
      '53100',
    ],
    ['an error of the network', new Error(values, { cause: withCode('ECONNREFUSED') }), 'ECONNREFUSED'],
    ['an error that nobody knows', new RangeError(values), 'RangeError'],
    ['no error at all', values, 'string'],
  ])('of %s says its code and none of its text', (_what, error, code) => {
    createOutages(log).report('database', error)
    expect(lines).toMatchObject([{ facts: { code } }])
    expect(JSON.stringify(lines)).not.toContain('geheim')
  })
})
