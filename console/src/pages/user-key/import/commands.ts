import type { EnumOf } from '../../../api/graphql.ts'
import type { ImportParameters } from './parameters.ts'

/** How OpenSSL generates a private key of an algorithm; those on lattices need OpenSSL 3.5. */
const generators = {
  RSA_2048: '-algorithm RSA -pkeyopt rsa_keygen_bits:2048',
  RSA_3072: '-algorithm RSA -pkeyopt rsa_keygen_bits:3072',
  RSA_4096: '-algorithm RSA -pkeyopt rsa_keygen_bits:4096',
  EC_P256: '-algorithm EC -pkeyopt ec_paramgen_curve:P-256',
  EC_P384: '-algorithm EC -pkeyopt ec_paramgen_curve:P-384',
  EC_P521: '-algorithm EC -pkeyopt ec_paramgen_curve:P-521',
  EC_SECP256K1: '-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1',
  ED25519: '-algorithm ED25519',
  ED448: '-algorithm ED448',
  X25519: '-algorithm X25519',
  ML_DSA_44: '-algorithm ML-DSA-44',
  ML_DSA_65: '-algorithm ML-DSA-65',
  ML_DSA_87: '-algorithm ML-DSA-87',
  ML_KEM_768: '-algorithm ML-KEM-768',
  ML_KEM_1024: '-algorithm ML-KEM-1024',
} as const satisfies { readonly [Algorithm in EnumOf<'KeyAlgorithm'>]?: string }

/** Commands that put new material for a key into the file `material`. */
export function generateCommand(
  algorithm: EnumOf<'KeyAlgorithm'>,
  { materialBytes }: ImportParameters,
): string {
  if (materialBytes !== null) return `openssl rand -out material ${materialBytes}`
  const options = Object.hasOwn(generators, algorithm)
    ? generators[algorithm as keyof typeof generators]
    : `-algorithm ${algorithm.replaceAll('_', '-')}`
  return `openssl genpkey ${options} |
  openssl pkcs8 -topk8 -nocrypt -outform DER -out material`
}

/** Commands that put a key that there is already into the file `material`, in the form that the server reads. */
export const convertCommand = ({ materialBytes }: ImportParameters): string =>
  materialBytes === null
    ? 'openssl pkcs8 -topk8 -nocrypt -in private-key.pem -outform DER -out material'
    : 'openssl base64 -d -A -in key.base64 -out material'

/** True if OpenSSL before 3.5 does not know the algorithm. */
export const needsNewOpenssl = (algorithm: EnumOf<'KeyAlgorithm'>): boolean => algorithm.startsWith('ML_')

/** Commands that wrap the file `material`, and leave what is to be given to the server in `wrapped.base64`. */
export const wrapCommands = ({ pem }: ImportParameters): string => `cat > wrapping-key.pem <<'END'
${pem.trim()}
END
openssl rand -out aes-key 32
openssl pkeyutl -encrypt -pubin -inkey wrapping-key.pem \\
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 \\
  -in aes-key -out wrapped-aes-key
openssl enc -id-aes256-wrap-pad -iv A65959A6 -K "$(od -An -v -tx1 aes-key | tr -d ' \\n')" \\
  -in material -out wrapped-material
cat wrapped-aes-key wrapped-material | openssl base64 -A > wrapped.base64
rm aes-key wrapped-aes-key wrapped-material`
