#!/usr/bin/env node
// Starts the program on a Node that can run it: this file is all that has to run on an older one.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// A checkout has the source, the package has only what was compiled from it.
const isCheckout = existsSync(join(root, 'src/main.ts'))
const main = join(root, isCheckout ? 'src/main.ts' : 'dist/src/main.js')
const given = process.argv.slice(2)
const args = given.length === 0 ? ['--help'] : given

// The machine's own Node gets its security updates with the machine: it comes first where it is new enough.
const node = canRunProgram(process.versions.node) ? process.execPath : bundledNode()
if (node === null) {
  process.stderr.write(textOfMissingNode())
  process.exit(1)
}
if (isCheckout) {
  // What it makes is part of the program; what it says is not part of the command's output.
  const make = (script, ...options) =>
    spawnSync(node, [join(root, 'scripts', script), ...options], { stdio: ['ignore', 2, 2] }).status === 0
  if (!make('generate.ts')) process.exit(1)
  if (args[0] === 'serve') make('build-console.ts', '--if-possible')
}

if (node === process.execPath) {
  process.argv = [node, main, ...args]
  await import(pathToFileURL(main).href)
} else {
  runOn(node)
}

function runOn(otherNode) {
  const child = spawn(otherNode, [main, ...args], { stdio: 'inherit' })
  // A terminal sends Ctrl+C to both; the child decides what it means. Other signals come to this process alone.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    // Process 1 survives a signal without a handler.
    process.exitCode = 128 + constants.signals[signal]
    process.kill(process.pid, signal)
  })
}

/** Whether a release of Node has what the program needs: 24.11 was the first of 24 with long-term support. */
function canRunProgram(release) {
  const [major, minor] = release.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 11)
}

/** The Node of the package "node", unless its install script was not allowed to bring it. */
function bundledNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    return realpathSync(join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'))
  } catch {
    return null
  }
}

function textOfMissingNode() {
  const install = isCheckout
    ? `run "npm ci" in ${root}`
    : 'let npm install the one that Keystead brings: npm install-scripts approve node && npm rebuild node'
  return `Keystead needs Node 24.11 or newer, and this is Node ${process.versions.node}.
Either start it with a newer Node (https://nodejs.org), or ${install}.
`
}
