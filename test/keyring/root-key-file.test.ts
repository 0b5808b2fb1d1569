import { spawnSync } from 'node:child_process'
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileSource } from '../../src/keyring/providers/file.ts'

const isRoot = process.getuid?.() === 0
const serversUser = 65_534

describe('the root key file', () => {
  it('stays where a symbolic link says when root keys are added and removed', async () => {
    const folder = newFolder()
    const [elsewhere, data] = [join(folder, 'elsewhere'), join(folder, 'data')]
    for (const each of [elsewhere, data]) mkdirSync(each)
    const [target, path] = [join(elsewhere, 'secret'), join(data, 'root.key')]
    await createFileSource(target).create()
    symlinkSync(target, path)

    const source = createFileSource(path)
    const [first] = await source.load()
    await source.add?.()
    const [newest, former] = await source.load()
    expect(former?.rootKeyId).toBe(first?.rootKeyId)
    expect(readFileSync(target, 'utf8').trim().split('\n')).toHaveLength(2)
    await source.remove?.([former?.rootKeyId ?? ''])
    expect((await createFileSource(target).load()).map(({ rootKeyId }) => rootKeyId)).toEqual([
      newest?.rootKeyId,
    ])

    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(readlinkSync(path)).toBe(target)
    expect(readdirSync(data)).toEqual(['root.key'])
    expect(readdirSync(elsewhere)).toEqual(['secret'])
  })

  it.runIf(isRoot)('still belongs to the user of the servers when another user adds or removes', async () => {
    const path = join(newFolder(), 'root.key')
    const source = createFileSource(path)
    await source.create()
    chownSync(path, serversUser, serversUser)
    const [first] = await source.load()
    await source.add?.()
    expect(ownerOf(path)).toEqual({ uid: serversUser, gid: serversUser, mode: 0o600 })
    await source.remove?.([first?.rootKeyId ?? ''])
    expect(await source.load()).toHaveLength(1)
    expect(ownerOf(path)).toEqual({ uid: serversUser, gid: serversUser, mode: 0o600 })
  })

  it.runIf(isOtherUserAble())('is not touched by a user who cannot give it back to its owner', async () => {
    const folder = newFolder()
    const path = join(folder, 'root.key')
    await createFileSource(path).create()
    // The other user can read and replace it, but is not in its group.
    chownSync(path, serversUser, 0)
    chownSync(folder, serversUser, serversUser)
    const before = readFileSync(path)
    const said = asOtherUser(
      `await createFileSource(${JSON.stringify(path)}).add().catch((error) => console.log(error.message))`,
    ).stdout
    expect(said).toContain(`the root key file ${path} belongs to user ${serversUser} and group 0`)
    expect(said).toContain('Nothing was changed')
    expect(readFileSync(path)).toEqual(before)
    expect(ownerOf(path)).toEqual({ uid: serversUser, gid: 0, mode: 0o600 })
    expect(readdirSync(folder)).toEqual(['root.key'])
  })
})

/** Whether there is another user as whom the code can run here: only root can be others, and those may not read it. */
function isOtherUserAble(): boolean {
  return isRoot && asOtherUser('createFileSource("").create').status === 0
}

function asOtherUser(code: string) {
  const module = JSON.stringify(new URL('../../src/keyring/providers/file.ts', import.meta.url).href)
  const text = `import { createFileSource } from ${module}\n${code}`
  const user = { uid: serversUser, gid: serversUser }
  return spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
  })
}

function newFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'keystead-root-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function ownerOf(path: string) {
  const { uid, gid, mode } = statSync(path)
  return { uid, gid, mode: mode & 0o777 }
}
