import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What a person must do before a provider can be started. */
export class MissingProgramError extends Error {}

/** Oldest Java that Keycloak runs on. */
const javaMin = 17

/**
 * Folder with Keycloak of a version. Maven downloads it, from wherever the user's Maven downloads, into the user's cache folder.
 *
 * @throws MissingProgramError if there is no Maven
 */
export async function fetchKeycloak(version: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keystead')
  const home = join(cache, `keycloak-${version}`)
  if (existsSync(home)) return home
  if (spawnSync('mvn', ['--version']).error !== undefined) {
    throw new MissingProgramError(
      `Maven ("mvn") is not installed, and Keycloak ${version} is not in ${cache}. Install Maven, or set KEYCLOAK_HOME to the folder of a Keycloak server`,
    )
  }
  const folder = `${home}.download-${process.pid}`
  mkdirSync(folder, { recursive: true })
  try {
    const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack'
    const options = [`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`, '-Dmdep.overWriteReleases=true']
    const maven = spawn('mvn', ['--batch-mode', '--quiet', goal, ...options], {
      cwd: folder,
      stdio: 'inherit',
    })
    const [code] = await once(maven, 'exit')
    if (code !== 0) throw new Error(`Maven could not download ${artifact}: see above`)
    // Another run may have been faster.
    if (!existsSync(home)) renameSync(join(folder, `keycloak-${version}`), home)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return home
}

/**
 * Checks that Java can run Keycloak.
 *
 * @throws MissingProgramError
 */
export function requireJava(): void {
  const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin/java')
  const { error, stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  if (error !== undefined) {
    throw new MissingProgramError(
      `Java ("${java}") is not installed. Keycloak needs Java ${javaMin} or newer`,
    )
  }
  const [, version = ''] = /version "(\d+)/.exec(stderr) ?? []
  if (Number(version) < javaMin) {
    throw new MissingProgramError(
      `Java is too old: Keycloak needs ${javaMin} or newer, ${java} is ${version}`,
    )
  }
}
