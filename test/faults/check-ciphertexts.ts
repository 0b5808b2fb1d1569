import { randomBytes } from 'node:crypto'
import { base64, type Client, type MutationResult } from '../support/story.ts'
import type { KnownCiphertext, Ledger } from './ledger.ts'

const batchSize = 500

/**
 * What is wrong about ciphertexts: each must open to its plaintext if its version is ACTIVE, and must not if it is not.
 * Every key must be able to protect something now, and to open it again.
 */
export async function findCiphertextFaults(client: Client, ledger: Ledger): Promise<string[]> {
  const fresh = await encryptUnderEach(client, [...ledger.keys.keys()])
  const faults = [...fresh.faults]
  for (const batch of batchesOf([...ledger.ciphertexts, ...fresh.ciphertexts])) {
    const items = batch.map(({ ciphertext, additionalData }) => ({
      ciphertext,
      additionalAuthenticatedData: additionalData,
    }))
    const results = await resultsOf(
      client,
      'decryptBatch',
      items,
      '... on DecryptPayload { plaintext keyId versionNumber }',
    )
    for (const [index, known] of batch.entries()) {
      const fault = faultOf(known, ledger, results[index])
      if (fault !== null) faults.push(fault)
    }
  }
  return faults
}

function faultOf(known: KnownCiphertext, ledger: Ledger, result: MutationResult | undefined): string | null {
  const { keyId, version, plaintext } = known
  const key = ledger.keys.get(keyId)
  const what = `ciphertext of ${keyId} version ${version}`
  const status = key?.state.versions[version - 1]
  if (status === undefined) return `${what}: nobody knows its version`
  if (status !== 'ACTIVE') {
    return result?.['code'] === 'INVALID_KEY_STATE' ? null : `${what} is ${status}, but: ${shown(result)}`
  }
  const opens =
    result?.['plaintext'] === plaintext && result['keyId'] === keyId && result['versionNumber'] === version
  return opens ? null : `${what} does not open: ${shown(result)}`
}

/** Encrypts something under each key, which shows that none is half-made. */
async function encryptUnderEach(
  client: Client,
  keyIds: readonly string[],
): Promise<{ ciphertexts: KnownCiphertext[]; faults: string[] }> {
  const faults: string[] = []
  const ciphertexts: KnownCiphertext[] = []
  for (const ids of batchesOf(keyIds)) {
    const items = ids.map((key) => ({ key, plaintext: base64(randomBytes(16)) }))
    const results = await resultsOf(
      client,
      'encryptBatch',
      items,
      '... on EncryptPayload { ciphertext versionNumber }',
    )
    for (const [index, { key: keyId, plaintext }] of items.entries()) {
      const result = results[index]
      if (result?.__typename === 'EncryptPayload') {
        const { ciphertext, versionNumber } = result as MutationResult & {
          ciphertext: string
          versionNumber: number
        }
        ciphertexts.push({ keyId, plaintext, ciphertext, version: versionNumber, additionalData: null })
      } else {
        faults.push(`key ${keyId} cannot be used: ${shown(result)}`)
      }
    }
  }
  return { ciphertexts, faults }
}

async function resultsOf(
  client: Client,
  name: string,
  items: readonly object[],
  selection: string,
): Promise<MutationResult[]> {
  const answer = await client.mutate(
    name,
    { items },
    `results { result { __typename ... on UserError { code message } ${selection} } }`,
  )
  const results = (answer['results'] ?? []) as readonly { readonly result: MutationResult }[]
  return results.map(({ result }) => result)
}

function* batchesOf<T>(items: readonly T[]): Generator<T[]> {
  for (let from = 0; from < items.length; from += batchSize) yield items.slice(from, from + batchSize)
}

function shown(result: MutationResult | undefined): string {
  return JSON.stringify(result ?? 'no result').slice(0, 200)
}
