import { algorithms } from '../../src/crypto/algorithms.ts'
import type { AlgorithmEntry, Capability } from '../../src/crypto/capabilities.ts'
import { unitMicroseconds, type WeighedOperation, weightOf, weights } from '../../src/crypto/weights.ts'
import type { PrintedFile } from './printed-file.ts'

/** The algorithm table as a document. */
export const algorithmsDocument: PrintedFile = {
  path: 'docs/algorithms.md',
  source: 'src/crypto/algorithms.ts',
  print: printDocument,
}

function printDocument(): string {
  return `# Algorithms

This page lists the supported algorithms. It is made from \`src/crypto/algorithms.ts\` by \`npm run print\`; do not edit it.

All primitives come from OpenSSL through \`node:crypto\`. Only XAES-256-GCM is composed from them in Keystead, as its
specification says. Strength is in bits (NIST SP 800-57 Part 1, table 2, or the algorithm's own standard).

${table(['Algorithm', 'Type', 'Usage', 'Strength', 'Standard', 'Description'], algorithms.map(rowOf))}

## Encryption with symmetric keys

The ciphertext has a header: see [ciphertext-format.md](ciphertext-format.md).

${table(['Algorithm', 'Number in the header', 'Nonce', 'Tag', 'Encryptions under one version'], rowsFor('aead', aeadCells))}

## Encryption with public keys

The ciphertext is the output of the standard, without a header. The label is empty and MGF1 uses the same hash. \`encrypt\`
uses the first scheme; \`decrypt\` accepts all of them. The maximum length of the plaintext is in brackets.

${table(['Algorithm', 'Schemes'], rowsFor('publicKeyEncryption', publicKeyCells))}

## Signatures

Signatures have the form of the standard. The first scheme is the default. The salt of RSASSA-PSS is as long as the hash.
Ed25519, Ed448 and ML-DSA use an empty context, and ML-DSA signatures are hedged. Schemes in the last column can also sign a
digest computed by the caller. All others need the message, because Node's crypto API hashes it itself.

${table(['Algorithm', 'Schemes', 'Schemes that accept a digest'], rowsFor('signature', signatureCells))}

## Key agreement

HKDF (RFC 5869) without salt derives the output from the shared secret, which is never returned itself. The hash is SHA-256
for \`X25519\` and \`EC_P256\`, SHA-384 for \`EC_P384\` and SHA-512 for \`EC_P521\`. \`info\` consists of these parts, each
preceded by its length in 4 bytes (big-endian): the text \`keystead key agreement v1\`, both public keys in SubjectPublicKeyInfo
(DER) ordered by their bytes, and the caller's context of at most 512 bytes. Public keys of peers must name their curve and
have an uncompressed point.

## Cost in the rate limit

An operation costs this many units of the rate limit ([overload.md](overload.md)). A unit stands for ${unitMicroseconds} µs of
processor time. \`npm run bench:weights\` measures the operations and prints each next to its weight. Operations and
algorithms that are not listed cost 1 unit.

${table(['Algorithm', ...weighedColumns.map(([title]) => title)], weightRows())}

"Create" applies to each generated version: \`createUserKey\`, \`activateUserKey\`, \`rotateUserKey\` and
\`generateDataKeyPair\`. \`getImportParameters\` generates an \`RSA_4096\` pair for keys of any algorithm.

## Other decisions

- RSASSA-PKCS1-v1_5 signatures without the NULL in their DigestInfo are refused.
- A shared secret of all zeros (from a peer's point of small order) is refused.
- RSAES-PKCS1-v1_5 is not supported.
`
}

const weighedColumns: readonly (readonly [string, WeighedOperation])[] = [
  ['Create', 'GENERATE'],
  ['Import', 'IMPORT'],
  ['Sign', 'SIGN'],
  ['Verify', 'VERIFY'],
  ['Decrypt', 'DECRYPT'],
  ['Encapsulate', 'ENCAPSULATE'],
  ['Decapsulate', 'DECAPSULATE'],
  ['Derive', 'DERIVE'],
]

/** One row for each algorithm of which something costs more than a unit; a dash where it has no such operation. */
function weightRows(): string[][] {
  return algorithms
    .filter(({ name }) => weights[name] !== undefined)
    .map((entry) => [
      `\`${entry.name}\``,
      ...weighedColumns.map(([, operation]) =>
        hasOperation(entry, operation) ? String(weightOf(entry.name, operation)) : '–',
      ),
    ])
}

const operationsByKind: Readonly<Record<Capability['kind'], readonly WeighedOperation[]>> = {
  aead: [],
  mac: [],
  signature: ['SIGN', 'VERIFY'],
  publicKeyEncryption: ['DECRYPT'],
  keyEncapsulation: ['ENCAPSULATE', 'DECAPSULATE'],
  keyAgreement: ['DERIVE'],
}

function hasOperation({ capabilities }: AlgorithmEntry, operation: WeighedOperation): boolean {
  if (operation === 'GENERATE' || operation === 'IMPORT') return true
  return Object.values(capabilities).some(({ kind }) => operationsByKind[kind].includes(operation))
}

function rowOf(entry: AlgorithmEntry): string[] {
  const usages = Object.keys(entry.capabilities).map((usage) => `\`${usage}\``)
  return [
    `\`${entry.name}\``,
    entry.type.toLowerCase(),
    usages.join(', '),
    String(entry.securityBits),
    entry.standard,
    entry.description,
  ]
}

/** One row for each algorithm that has a capability of this kind. */
function rowsFor<K extends Capability['kind']>(
  kind: K,
  cellsOf: (capability: Extract<Capability, { kind: K }>) => string[],
): string[][] {
  return algorithms.flatMap((entry) =>
    Object.values(entry.capabilities)
      .filter((each): each is Extract<Capability, { kind: K }> => each.kind === kind)
      .map((capability) => [`\`${entry.name}\``, ...cellsOf(capability)]),
  )
}

function aeadCells(capability: Extract<Capability, { kind: 'aead' }>): string[] {
  const { formatId, nonceBytes, tagBytes, encryptionsMax } = capability
  const limit = encryptionsMax === null ? 'no practical limit' : `2^${Math.log2(encryptionsMax)}`
  return [String(formatId), `${nonceBytes} bytes, random`, `${tagBytes} bytes`, limit]
}

function publicKeyCells(capability: Extract<Capability, { kind: 'publicKeyEncryption' }>): string[] {
  return [
    capability.encryptionAlgorithms
      .map((name) => `\`${name}\` (${capability.plaintextBytesMax(name)} bytes)`)
      .join(', '),
  ]
}

function signatureCells(capability: Extract<Capability, { kind: 'signature' }>): string[] {
  const { signingAlgorithms, digestSigningAlgorithms } = capability
  return [
    codes(signingAlgorithms),
    digestSigningAlgorithms.length === 0 ? '–' : codes(digestSigningAlgorithms),
  ]
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
