/** An error outside of this program, for its operator. */
export interface Trouble {
  /** An errno, an OpenSSL code or an SQLSTATE; not secret. */
  readonly code: string
  /** Meaning and advice, in sentences. */
  readonly text: string
}

const noConnection = 'Check the address, that the service runs, and firewalls between here and there.'
const noName = 'The name of the host does not resolve. Check the address and the DNS of this machine.'
const noTrust =
  'The certificate is not signed by an authority that this process trusts. Name a private authority with NODE_EXTRA_CA_CERTS, for a database with sslrootcert.'
const noDescriptors =
  'The process has no file descriptors left. Raise its limit (ulimit -n, LimitNOFILE), or lower CONNECTIONS_MAX and DATABASE_POOL_SIZE.'
const noSpace = 'The disk is full. Make room on it.'

/** Texts for codes of Node and OpenSSL. */
const texts: Readonly<Record<string, string>> = {
  EAI_AGAIN: noName,
  ENOTFOUND: noName,
  ECONNABORTED: noConnection,
  ECONNREFUSED: `Nobody listens there. ${noConnection}`,
  ECONNRESET: `The connection was broken. ${noConnection}`,
  EHOSTDOWN: noConnection,
  EHOSTUNREACH: noConnection,
  ENETDOWN: noConnection,
  ENETUNREACH: noConnection,
  EPIPE: `The connection was broken. ${noConnection}`,
  ETIMEDOUT: `There was no answer in time. ${noConnection}`,
  UND_ERR_CONNECT_TIMEOUT: `There was no answer in time. ${noConnection}`,
  UND_ERR_SOCKET: `The connection was broken. ${noConnection}`,
  CERT_HAS_EXPIRED: 'The certificate has expired. Renew it there, and check the clock of this machine.',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet. Check the clock of this machine.',
  DEPTH_ZERO_SELF_SIGNED_CERT: noTrust,
  SELF_SIGNED_CERT_IN_CHAIN: noTrust,
  UNABLE_TO_GET_ISSUER_CERT: noTrust,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: noTrust,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: noTrust,
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name. Use the name that it is made for.',
  EPROTO: 'The two sides do not agree on TLS. Check that the port speaks TLS, and its versions.',
  EMFILE: noDescriptors,
  ENFILE: 'The machine has no file descriptors left (fs.file-max).',
  ENOSPC: noSpace,
  EDQUOT: 'The disk quota is used up. Raise it, or make room.',
  EROFS: 'The file system is read-only.',
  EIO: 'The disk does not read or write. Check it.',
}

const connectionCodes = new Set(
  Object.entries(texts).flatMap(([code, text]) =>
    text.includes(noConnection) || text === noName ? [code] : [],
  ),
)

/** True for codes of broken connections, and of missing file descriptors for new ones. */
export function isConnectionCode(code: string): boolean {
  return connectionCodes.has(code) || code === 'EMFILE' || code === 'ENFILE'
}

/** Text for a code of Node or OpenSSL; null for other codes. */
export function textOfCode(code: string): string | null {
  if (Object.hasOwn(texts, code)) return texts[code] ?? null
  return code.startsWith('ERR_SSL_') ? (texts['EPROTO'] ?? null) : null
}

/** Finds the first known code in an error and its causes: `fetch` and drivers wrap errors. */
export function systemTroubleOf(error: unknown, depth = 0): Trouble | null {
  if (typeof error !== 'object' || error === null || depth > 5) return null
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const text = typeof code === 'string' ? textOfCode(code) : null
  if (typeof code === 'string' && text !== null) return { code, text }
  const [first] = Array.isArray(errors) ? errors : []
  return systemTroubleOf(cause, depth + 1) ?? systemTroubleOf(first, depth + 1)
}
