import { execFileSync } from 'node:child_process'

/** Makes a certificate that signs itself, which no public authority knows, and its key. */
export function makeCertificate(files: { key: string; certificate: string }, name: string): void {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`]
  const out = ['-keyout', files.key, '-out', files.certificate]
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...out], { stdio: 'pipe' })
}
