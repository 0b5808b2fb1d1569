import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * A disk of its own for one test: an ext4 file system in an image file, on a loop device. What a process has written but
 * not synced is in the memory of the machine only, and not in the image file.
 */
export interface PowerCutDisk {
  /** Where the file system is mounted. */
  readonly folder: string
  /** The disk as it would be after a power cut at this moment: a copy of what reached the device, mounted elsewhere. */
  copyAfterPowerCut(): PowerCutDisk
}

const prefix = 'keystead-disk-'
const mountName = 'mounted'
/** Room for two databases, in bytes; the image file is sparse. */
const imageBytes = 512 * 1024 ** 2
/** Journal commits by the clock are kept away (seconds), so that nothing but a sync makes anything durable. */
const mountOptions = 'loop,commit=600,noauto_da_alloc'
const copiesMax = 20

/** Why no disk can be made on this machine; null if it can. */
export function whyNoPowerCutDisk(): string | null {
  if (process.platform !== 'linux') return 'Loop devices are of Linux.'
  if (process.getuid?.() !== 0) return 'Only root can mount an image file.'
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  try {
    const mounted = mountImage(makeImage(folder, 32 * 1024 ** 2), join(folder, mountName))
    unmount(mounted)
    return null
  } catch (error) {
    return `No image file can be mounted: ${String(error)}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes a disk that is removed after the test. */
export function createPowerCutDisk(): PowerCutDisk {
  removeLeftovers()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return openDisk(folder, makeImage(folder, imageBytes))
}

/** Of processes that were killed in the middle of a test: a mounted disk outlives them. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    if (isAlive(Number(name.slice(prefix.length).split('-')[0]))) continue
    const folder = join(tmpdir(), name)
    for (const mounted of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (mounted.endsWith(mountName)) spawnSync('umount', ['-l', join(folder, mounted)])
    }
    spawnSync('rm', ['-rf', '--one-file-system', folder])
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function openDisk(folder: string, image: string): PowerCutDisk {
  const mounted = mountImage(image, join(folder, mountName))
  onTestFinished(() => unmount(mounted))
  return {
    folder: mounted,
    copyAfterPowerCut() {
      const copyFolder = mkdtempSync(join(folder, 'copy-'))
      return openDisk(copyFolder, copyAtOneMoment(image, join(copyFolder, 'image')))
    },
  }
}

function makeImage(folder: string, bytes: number): string {
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, bytes)
  run('mkfs.ext4', '-q', '-F', image)
  return image
}

/** The system may write to the device while it is copied: a copy counts if the image is still the same afterwards. */
function copyAtOneMoment(image: string, copy: string): string {
  for (let count = 0; count < copiesMax; count++) {
    run('cp', '--sparse=always', image, copy)
    if (spawnSync('cmp', ['-s', image, copy]).status === 0) return copy
  }
  throw new Error('the device is written to all the time')
}

function mountImage(image: string, folder: string): string {
  mkdirSync(folder, { recursive: true })
  run('mount', '-o', mountOptions, image, folder)
  return folder
}

function unmount(folder: string): void {
  // Lazily where something still holds on to it, so that no test leaves a mount behind.
  if (spawnSync('umount', [folder]).status !== 0) run('umount', '-l', folder)
}

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr.trim()}`)
}
