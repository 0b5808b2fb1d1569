import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findAlgorithm } from '../../src/crypto/algorithms.ts'
import { atOnce } from '../crypto/keys.ts'
import { cannotRun } from '../support/skip.ts'
import { OpensslFolder, opensslVersion } from './openssl-command.ts'

const hasNoOpenssl =
  opensslVersion() === null &&
  cannotRun('Conversions of private keys', 'There is no OpenSSL command line on the path.')

const rsa = 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048'
const pss = 'genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048'
const curve = 'ecparam -name prime256v1 -genkey -noout'

describe.skipIf(hasNoOpenssl)('the text about a private key in another form', () => {
  let files: OpensslFolder
  beforeAll(() => {
    files = new OpensslFolder()
  })
  afterAll(() => files.remove())

  it.each([
    ['PKCS#8 in PEM', 'RSA_2048', [`${rsa} -out key`]],
    ['SEC 1 in PEM', 'EC_P256', [`${curve} -out key`]],
    ['SEC 1', 'EC_P256', [`${curve} -outform DER -out key`]],
    [
      'SEC 1 without its point',
      'EC_P256',
      [`${curve} -out pem`, 'ec -in pem -no_public -outform DER -out key'],
    ],
    ['PKCS#1', 'RSA_2048', [`${rsa} -out pem`, 'rsa -in pem -traditional -outform DER -out key']],
    [
      'encrypted PKCS#8',
      'EC_P256',
      [`${curve} -out pem`, 'pkcs8 -topk8 -in pem -passout pass:words -outform DER -out key'],
    ],
    [
      'encrypted PKCS#8 in PEM',
      'RSA_2048',
      [`${rsa} -out pem`, 'pkcs8 -topk8 -in pem -passout pass:words -out key'],
    ],
    ['RSASSA-PSS', 'RSA_2048', [`${pss} -out pem`, 'pkcs8 -topk8 -nocrypt -in pem -outform DER -out key']],
    [
      'a curve by its parameters',
      'EC_P256',
      [`${curve} -param_enc explicit -out pem`, 'pkcs8 -topk8 -nocrypt -in pem -outform DER -out key'],
    ],
  ])('%s has commands that make of it what is taken', async (_what, algorithm, commands) => {
    for (const command of commands) expect(files.run(...command.split(' '))).toMatchObject({ ok: true })
    const entry = findAlgorithm(algorithm)
    const text = await entry?.readImported(files.read('key'), atOnce).then(
      () => 'taken',
      (error: Error) => error.message,
    )
    const given = /\((?:convert it|decrypt it|remove the mark): (?<commands>openssl [^)]*)\)/.exec(text ?? '')
      ?.groups?.['commands']
    expect(given, text).toBeDefined()
    // Asks for the passphrase where there is one.
    const asked = (given ?? '').replaceAll('-topk8', '-topk8 -passin pass:words')
    const ran = spawnSync('bash', ['-euc', asked], { cwd: files.path, encoding: 'utf8' })
    expect(ran.status, ran.stderr).toBe(0)
    expect(await entry?.readImported(files.read('material'), atOnce)).toMatchObject({
      secret: expect.anything(),
    })
  })
})
