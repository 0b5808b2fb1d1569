import { describe, expect, it } from 'vitest'
import { cannotRun } from '../support/skip.ts'
import {
  checkEcdh,
  checkEcdhPoint,
  checkJwk,
  checkPem,
  checkXdhDer,
  checkXdhRaw,
} from './wycheproof/agreement.ts'
import { checkAead, checkKeyWrap, checkOaep, checkPkcs1Decryption } from './wycheproof/encryption.ts'
import { findVectorFolder, readVectorFiles, type VectorCase, type VectorFile } from './wycheproof/files.ts'
import type { FindCheck, GroupCheck } from './wycheproof/outcome.ts'
import {
  checkHkdf,
  checkMac,
  checkMlKem,
  checkMlKemEncapsulation,
  checkMlKemExpanded,
  checkPrimality,
} from './wycheproof/secrets.ts'
import {
  checkEcdsaDer,
  checkEcdsaP1363,
  checkEddsa,
  checkMlDsaSign,
  checkMlDsaVerify,
  checkPkcs1,
  checkPkcs1Signing,
  checkPss,
  checkPssWithParameters,
} from './wycheproof/signatures.ts'

/** A type of group that is about an operation which the product does not have, and why not. */
const without =
  (notApplicable: string): FindCheck =>
  () => ({ notApplicable })

const noJose = 'no JOSE for callers; tokens are verified by jose, whose tests these are'
const noDsa = 'no DSA'
const noBls = 'no signatures with BLS'
const noPasswords = 'no encryption with passwords but that of backups, which uses scrypt'
const noFormats = 'no format-preserving encryption'

/** What the product does with each type of group. A type that is not here has not been decided on, and fails. */
const checks: Readonly<Record<string, FindCheck>> = {
  AeadTest: checkAead,
  KeywrapTest: checkKeyWrap,
  RsaesOaepDecrypt: checkOaep,
  RsaesPkcs1Decrypt: checkPkcs1Decryption,
  RsassaPssVerify: checkPss,
  RsassaPssWithParametersVerify: checkPssWithParameters,
  RsassaPkcs1Verify: checkPkcs1,
  RsassaPkcs1Generate: checkPkcs1Signing,
  EcdsaVerify: checkEcdsaDer,
  EcdsaP1363Verify: checkEcdsaP1363,
  EddsaVerify: checkEddsa,
  MlDsaVerify: checkMlDsaVerify,
  MlDsaSign: checkMlDsaSign,
  MacTest: checkMac,
  MLKEMTest: checkMlKem,
  MLKEMKeyGen: checkMlKem,
  MLKEMEncapsTest: checkMlKemEncapsulation,
  MLKEMDecapsValidationTest: checkMlKemExpanded,
  EcdhTest: checkEcdh,
  EcdhEcpointTest: checkEcdhPoint,
  EcdhPemTest: checkPem,
  EcdhWebcryptoTest: checkJwk,
  XdhComp: checkXdhRaw,
  XdhAsnComp: checkXdhDer,
  XdhPemComp: checkPem,
  XdhJwkComp: checkJwk,
  HkdfTest: checkHkdf,
  PrimalityTest: checkPrimality,
  BlsAggregateVerify: without(noBls),
  BlsHashToG2: without(noBls),
  BlsSigVerify: without(noBls),
  ChunkedEncryption: without('no C2SP chunked encryption'),
  DaeadTest: without('no deterministic encryption'),
  DsaP1363Verify: without(noDsa),
  DsaVerify: without(noDsa),
  EcCurveTest: without('parameters of curves are never read: curves have names'),
  EcdsaBitcoinVerify: without('no rule that s is low: signatures are those of FIPS 186-5'),
  FpeListTest: without(noFormats),
  FpeStrTest: without(noFormats),
  IndCpaTest: without('no encryption without authentication'),
  JsonWebCrypto: without(noJose),
  JsonWebEncryption: without(noJose),
  JsonWebKey: without(noJose),
  JsonWebSignature: without(noJose),
  MacWithIvTest: without('no message authentication codes with an IV'),
  PbeTest: without(noPasswords),
  PbkdfTest: without(noPasswords),
}

/**
 * Cases that software may accept or refuse, and what the product does: it refuses signatures and public keys in other
 * than the standard's encoding and secrets that are all zeros, and takes any point of Curve25519 (RFC 7748 §5).
 */
const decisions: Readonly<Record<string, 'accepted' | 'refused'>> = {
  MissingNull: 'refused',
  InvalidAsn: 'refused',
  CompressedPublic: 'refused',
  UnnamedCurve: 'refused',
  InvalidPem: 'refused',
  ZeroSharedSecret: 'refused',
  Twist: 'accepted',
  NonCanonicalPublic: 'accepted',
}

const folder = findVectorFolder()
const leftOut =
  folder === null && cannotRun('Wycheproof vectors', 'WYCHEPROOF_DIR does not name a folder with them.')
const files = folder === null ? [] : readVectorFiles(folder)
/** Why no group of a file can be run; null if one can. */
const reasons = new Map(files.map((file) => [file, reasonAgainst(file)]))
const run = files.filter((file) => reasons.get(file) === null)

describe.skipIf(leftOut)('Wycheproof', () => {
  it('has files for algorithms of the product', () => {
    expect(run.length).toBeGreaterThan(0)
  })

  it('has a reason for each file that is not run', () => {
    const undecided: string[] = []
    for (const [file, reason] of reasons) {
      if (reason === null) continue
      if (reason === '') undecided.push(`${file.name}: ${file.testGroups.map(({ type }) => type).join(', ')}`)
      else console.log(`${file.name} is not run: ${reason}`)
    }
    console.log(`${run.length} of ${files.length} files are run`)
    expect(undecided).toEqual([])
  })

  it.each(run.map((file) => [file.name, file] as const))(
    '%s has the outcomes it should',
    async (name, file) => {
      const counts = { valid: 0, invalid: 0, acceptable: 0, notOffered: 0, notApplicable: 0 }
      const left = new Set<string>()
      const failures: string[] = []
      for (const group of file.testGroups) {
        const check = checks[group.type]?.(file, group) ?? { notApplicable: '' }
        if ('notApplicable' in check) {
          counts.notApplicable += group.tests.length
          left.add(check.notApplicable)
          continue
        }
        for (const test of group.tests) {
          const verdict = await judge(check, test)
          counts[verdict.counted]++
          if (verdict.left !== null) left.add(verdict.left)
          if (verdict.problem !== null)
            failures.push(`${test.tcId} (${test.comment ?? ''}): ${verdict.problem}`)
        }
      }
      console.log(name, JSON.stringify(counts), ...[...left].map((reason) => `[not applicable: ${reason}]`))
      expect(failures).toEqual([])
      expect(counts.valid + counts.invalid + counts.acceptable + counts.notOffered).toBeGreaterThan(0)
      expect(left).not.toContain('')
    },
  )
})

type Counted = 'valid' | 'invalid' | 'acceptable' | 'notOffered' | 'notApplicable'

interface Verdict {
  readonly counted: Counted
  readonly problem: string | null
  /** Why the case does not apply; null if it does. */
  readonly left: string | null
}

async function judge(check: GroupCheck, test: VectorCase): Promise<Verdict> {
  const outcome = await check.attempt(test).catch((error: unknown) => `failed: ${error}`)
  if (typeof outcome === 'object')
    return { counted: 'notApplicable', problem: null, left: outcome.notApplicable }
  const offered = check.offered(test)
  // What is wrong with other parameters may be right with the product's own, e.g. its length of salt.
  if (!offered && test.result === 'invalid' && check.isRefusedAnyway !== true) {
    return { counted: 'notApplicable', problem: null, left: 'wrong with parameters that are not offered' }
  }
  const expected = offered ? expectedOutcome(test) : 'refused'
  return {
    counted: offered ? test.result : 'notOffered',
    problem: outcome === expected ? null : `${outcome}, not ${expected}`,
    left: null,
  }
}

function expectedOutcome(test: VectorCase): 'accepted' | 'refused' | 'a decision' {
  if (test.result !== 'acceptable') return test.result === 'valid' ? 'accepted' : 'refused'
  const flag = Object.keys(decisions).find((each) => test.flags?.includes(each))
  return (flag === undefined ? undefined : decisions[flag]) ?? 'a decision'
}

/** A file is run if the product has the algorithm of one of its groups at least; an empty reason is a missing decision. */
function reasonAgainst(file: VectorFile): string | null {
  const against = new Set<string>()
  for (const group of file.testGroups) {
    const check = checks[group.type]?.(file, group) ?? { notApplicable: '' }
    if (!('notApplicable' in check)) return null
    against.add(check.notApplicable)
  }
  return against.has('') ? '' : [...against].join('; ')
}
