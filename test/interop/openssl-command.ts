import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a run of the command line said. */
export interface Outcome {
  readonly ok: boolean
  readonly output: string
}

/** The version line of the installed OpenSSL, or null if there is none. */
export function opensslVersion(): string | null {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  return status === 0 && stdout.startsWith('OpenSSL ') ? stdout.trim() : null
}

/** Whether the installed OpenSSL knows a public key algorithm, by the name that it lists. */
export function opensslKnows(algorithm: string): boolean {
  const { stdout } = spawnSync('openssl', ['list', '-public-key-algorithms'], { encoding: 'utf8' })
  const name = algorithm.toLowerCase()
  return (stdout ?? '')
    .toLowerCase()
    .split(/[^a-z0-9-]+/)
    .includes(name)
}

/** A folder of files that the command line reads and writes. */
export class OpensslFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'keystead-openssl-'))

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.path, name), content)
  }

  read(name: string): Buffer {
    return readFileSync(join(this.path, name))
  }

  /** Runs `openssl` in the folder. */
  run(...words: string[]): Outcome {
    const { error, status, stdout, stderr } = spawnSync('openssl', words, {
      cwd: this.path,
      encoding: 'utf8',
    })
    if (error !== undefined) throw error
    return { ok: status === 0, output: `${stdout}${stderr}` }
  }
}
