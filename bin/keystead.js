#!/usr/bin/env node
// Starts the program on the Node that comes with it: this file is all that has to run on an older one.
import { spawn, spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const given = process.argv.slice(2)
const args = [join(root, 'src/main.ts'), ...(given.length === 0 ? ['--help'] : given)]

const node = bundledNode()
if (node === null) {
  process.stderr.write(`Keystead is not installed completely. Run "npm ci" in ${root} first.\n`)
  process.exit(1)
}
// What it makes is part of the program; what it says is not part of the command's output.
const made = spawnSync(node, [join(root, 'scripts/generate.ts')], { stdio: ['ignore', 2, 2] })
if (made.status !== 0) process.exit(1)

const child = spawn(node, args, { stdio: 'inherit' })
// A terminal sends Ctrl+C to both; the child decides what it means. Other signals come to this process alone.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})

function bundledNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    return realpathSync(join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'))
  } catch {
    return null
  }
}
