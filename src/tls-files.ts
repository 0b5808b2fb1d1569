import { type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Config } from './config.ts'
import { readPrivateKey } from './crypto/read-private-key.ts'
import { readSecretFile, SecretFileError } from './secret-file.ts'
import type { TlsPair } from './server/http/listener.ts'

/** The files of the certificate and its key cannot be used. For the operator. */
export class CertificateError extends Error {}

/** Receiver of warnings about the files. */
export interface TlsFilesOptions {
  readonly warn: (text: string) => void
  readonly now?: () => Date
}

/**
 * Reads the certificate and its private key; null if the server has none.
 *
 * @throws CertificateError if one of them cannot be read, they do not match, or the certificate is not valid now
 */
export async function readTlsFiles(
  { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Pick<Config, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>,
  { warn, now = () => new Date() }: TlsFilesOptions,
): Promise<TlsPair | null> {
  if (certFile === null || keyFile === null) return null
  const cert = await readFile(certFile, 'utf8').catch(({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    throw new CertificateError(`the certificate file ${certFile} (TLS_CERT_FILE) cannot be read (${code})`)
  })
  const what = 'private key file (TLS_KEY_FILE)'
  const key = await readSecretFile(keyFile, { what, warn }).catch((error: unknown) => {
    throw error instanceof SecretFileError ? new CertificateError(error.message) : error
  })
  const certificate = parseCertificate(cert, certFile)
  const expiresAt = certificate.validToDate
  if (!certificate.checkPrivateKey(parseKey(key, keyFile))) {
    throw new CertificateError(
      `the certificate in ${certFile} and the private key in ${keyFile} do not belong together. TLS_CERT_FILE begins with the certificate of the server, and those of authorities follow`,
    )
  }
  if (expiresAt <= now()) {
    throw new CertificateError(
      `the certificate in ${certFile} expired at ${expiresAt.toISOString()}. Renew it`,
    )
  }
  const { validFromDate } = certificate
  if (validFromDate > now()) {
    throw new CertificateError(
      `the certificate in ${certFile} is valid from ${validFromDate.toISOString()} on. Check the clock of this machine`,
    )
  }
  requireUsable({ cert, key }, certFile)
  return { cert, key, expiresAt }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new CertificateError(`the file ${path} (TLS_CERT_FILE) holds no certificate in PEM`)
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return readPrivateKey(pem)
  } catch {
    throw new CertificateError(
      `the file ${path} (TLS_KEY_FILE) holds no private key in PEM. A key with a passphrase cannot be used`,
    )
  }
}

/** OpenSSL refuses some pairs that can be parsed, such as RSA keys of 1024 bits. */
function requireUsable(pair: { readonly cert: string; readonly key: string }, path: string): void {
  try {
    createSecureContext(pair)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new CertificateError(`the certificate in ${path} cannot be used for TLS (${code})`)
  }
}
