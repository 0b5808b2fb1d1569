import { describe, expect, it } from 'vitest'
import { cannotRun } from '../support/skip.ts'
import { checkAead, checkOaep } from './wycheproof/encryption.ts'
import { findVectorFolder, readVectorFiles, type VectorCase, type VectorFile } from './wycheproof/files.ts'
import type { FindCheck, GroupCheck } from './wycheproof/outcome.ts'
import { checkEcdh, checkMac, checkMlKem, checkMlKemEncapsulation, checkXdh } from './wycheproof/secrets.ts'
import {
  checkEcdsaDer,
  checkEcdsaP1363,
  checkEddsa,
  checkMlDsaSign,
  checkMlDsaVerify,
  checkPkcs1,
  checkPkcs1Signing,
  checkPss,
} from './wycheproof/signatures.ts'

/** What the product does with each type of group; other types are about operations that it does not have. */
const checks: Readonly<Record<string, FindCheck>> = {
  AeadTest: checkAead,
  RsaesOaepDecrypt: checkOaep,
  RsassaPssVerify: checkPss,
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
  EcdhTest: checkEcdh,
  XdhAsnComp: checkXdh,
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
  ZeroSharedSecret: 'refused',
  Twist: 'accepted',
  NonCanonicalPublic: 'accepted',
}

const folder = findVectorFolder()
const leftOut =
  folder === null && cannotRun('Wycheproof vectors', 'WYCHEPROOF_DIR does not name a folder with them.')
const files = folder === null ? [] : readVectorFiles(folder).filter(isCovered)

describe.skipIf(leftOut)('Wycheproof', () => {
  it('has files for algorithms of the product', () => {
    expect(files.length).toBeGreaterThan(0)
  })

  it.each(files.map((file) => [file.name, file] as const))(
    '%s has the outcomes it should',
    async (name, file) => {
      const counts = { valid: 0, invalid: 0, acceptable: 0, notOffered: 0, notApplicable: 0 }
      const failures: string[] = []
      for (const group of file.testGroups) {
        const check = checks[group.type]?.(file, group) ?? { notApplicable: 'no such operation' }
        if ('notApplicable' in check) {
          counts.notApplicable += group.tests.length
          continue
        }
        for (const test of group.tests) {
          const verdict = await judge(check, test)
          counts[verdict.counted]++
          if (verdict.problem !== null)
            failures.push(`${test.tcId} (${test.comment ?? ''}): ${verdict.problem}`)
        }
      }
      console.log(name, JSON.stringify(counts))
      expect(failures).toEqual([])
      expect(counts.valid + counts.invalid + counts.acceptable + counts.notOffered).toBeGreaterThan(0)
    },
  )
})

type Counted = 'valid' | 'invalid' | 'acceptable' | 'notOffered' | 'notApplicable'

async function judge(
  check: GroupCheck,
  test: VectorCase,
): Promise<{ counted: Counted; problem: string | null }> {
  const outcome = await check.attempt(test).catch((error: unknown) => `failed: ${error}`)
  if (typeof outcome === 'object') return { counted: 'notApplicable', problem: null }
  const offered = check.offered(test)
  // What is wrong with other parameters may be right with the product's own, e.g. its length of salt.
  if (!offered && test.result === 'invalid') return { counted: 'notApplicable', problem: null }
  const expected = offered ? expectedOutcome(test) : 'refused'
  return {
    counted: offered ? test.result : 'notOffered',
    problem: outcome === expected ? null : `${outcome}, not ${expected}`,
  }
}

function expectedOutcome(test: VectorCase): 'accepted' | 'refused' | 'a decision' {
  if (test.result !== 'acceptable') return test.result === 'valid' ? 'accepted' : 'refused'
  const flag = Object.keys(decisions).find((each) => test.flags?.includes(each))
  return (flag === undefined ? undefined : decisions[flag]) ?? 'a decision'
}

/** A file is covered if the product has the algorithm of one of its groups at least. */
function isCovered(file: VectorFile): boolean {
  return file.testGroups.some((group) => {
    const check = checks[group.type]?.(file, group)
    return check !== undefined && !('notApplicable' in check)
  })
}
