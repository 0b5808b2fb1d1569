import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'

const hsm = {
  ROOT_KEY_PROVIDER: 'pkcs11',
  PKCS11_LIBRARY: '/usr/lib/softhsm/libsofthsm2.so',
  PKCS11_TOKEN: 'keystead',
}

function problemsOf(settings: Record<string, string>): readonly string[] {
  try {
    readConfig(settings)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('the settings of root keys', () => {
  it('may name an HSM with its PIN, or a file with the PIN, and former labels', () => {
    expect(problemsOf({ ...hsm, PKCS11_PIN: '1234' })).toEqual([])
    expect(problemsOf({ ...hsm, PKCS11_PIN_FILE: '/run/pin' })).toEqual([])
    const config = readConfig({ ...hsm, PKCS11_PIN: '1234', PKCS11_PREVIOUS_KEY_LABELS: 'a, b' })
    expect(config.PKCS11_PREVIOUS_KEY_LABELS).toEqual(['a', 'b'])
    expect(config.PKCS11_KEY_LABEL).toBe('keystead-root')
  })

  it.each([
    ['no PIN', hsm, 'exactly one of PKCS11_PIN_FILE and PKCS11_PIN'],
    [
      'two PINs',
      { ...hsm, PKCS11_PIN: '1234', PKCS11_PIN_FILE: '/run/pin' },
      'exactly one of PKCS11_PIN_FILE and PKCS11_PIN',
    ],
    ['no library', { ...hsm, PKCS11_PIN: '1234', PKCS11_LIBRARY: '' }, 'PKCS11_LIBRARY must be set'],
    ['no token', { ...hsm, PKCS11_PIN: '1234', PKCS11_TOKEN: '' }, 'PKCS11_TOKEN must be set'],
    [
      'a former HSM without its settings',
      { ROOT_KEY_PREVIOUS_PROVIDER: 'pkcs11', PKCS11_PIN: '1234', PKCS11_TOKEN: 'keystead' },
      'PKCS11_LIBRARY must be set',
    ],
    [
      'the same kind twice',
      { ROOT_KEY_PROVIDER: 'file', ROOT_KEY_PREVIOUS_PROVIDER: 'file' },
      'ROOT_KEY_PREVIOUS_PROVIDER must not be ROOT_KEY_PROVIDER',
    ],
  ])('with %s are refused with the one thing that is wrong', (_what, settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)])
  })
})
