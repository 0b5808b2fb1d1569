import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { placeNewFile } from '../../src/backup/encrypted-file.ts'

/** What link(2) says on a file system without hard links; none such is at hand where tests run. */
const withoutHardLinks = async () => {
  throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' })
}

describe.each([
  ['with hard links', undefined],
  ['without hard links', withoutHardLinks],
] as const)('a finished file on a file system %s', (_, hardLink) => {
  it('gets its name, and loses the temporary one', async () => {
    const { folder, temporary, path } = newDraft()
    await placeNewFile(temporary, path, hardLink)
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['backup'])
  })

  it('leaves a file alone that has the name', async () => {
    const { temporary, path } = newDraft()
    writeFileSync(path, 'old')
    await expect(placeNewFile(temporary, path, hardLink)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('leaves a link alone that leads nowhere', async () => {
    const { folder, temporary, path } = newDraft()
    symlinkSync(join(folder, 'nowhere'), path)
    await expect(placeNewFile(temporary, path, hardLink)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readdirSync(folder).sort()).toEqual(['backup', 'draft'])
  })
})

it('has not got its name for another reason when it could not be linked', async () => {
  const { folder, temporary } = newDraft()
  const path = join(folder, 'missing', 'backup')
  await expect(placeNewFile(temporary, path)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(readdirSync(folder)).toEqual(['draft'])
})

function newDraft() {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-place-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [temporary, path] = [join(folder, 'draft'), join(folder, 'backup')]
  writeFileSync(temporary, 'new')
  return { folder, temporary, path }
}
