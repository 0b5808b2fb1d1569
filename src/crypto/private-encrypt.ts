import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** CommonJS that needs no file of its own: the compiled program has no TypeScript beside it. */
const program = `
const { constants, privateEncrypt } = require('node:crypto')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ key, bytes }) => {
  try {
    parentPort.postMessage(privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes))
  } catch {
    parentPort.postMessage(null)
  }
})
`

/** A thread with the requests that it has not answered, oldest first: it answers them in their order. */
interface Thread {
  readonly worker: Worker
  readonly unanswered: PromiseWithResolvers<Buffer>[]
}

let thread: Thread | null = null

/**
 * Runs `privateEncrypt` with PKCS #1 padding in a thread of its own: Node offers it on the calling thread only, which it
 * blocks for milliseconds. Digests are signed with it, which no function of the thread pool does. A KeyObject that is
 * sent to a thread is not copied.
 */
export function privateEncryptInThread(key: KeyObject, bytes: Uint8Array): Promise<Buffer> {
  thread ??= startThread()
  const answer = Promise.withResolvers<Buffer>()
  thread.unanswered.push(answer)
  // Only a thread that has something to do keeps the process from ending.
  thread.worker.ref()
  thread.worker.postMessage({ key, bytes })
  return answer.promise
}

function startThread(): Thread {
  const worker = new Worker(program, { eval: true, name: 'private-encrypt' })
  const started: Thread = { worker, unanswered: [] }
  const { unanswered } = started
  worker.on('message', (signature: Uint8Array | null) => {
    const answer = unanswered.shift()
    if (unanswered.length === 0) worker.unref()
    if (signature === null) answer?.reject(new TypeError('the bytes do not fit the key'))
    else answer?.resolve(Buffer.from(signature))
  })
  // A thread that has ended answers nothing: the next request starts another one.
  const giveUp = () => {
    if (thread === started) thread = null
    for (const { reject } of unanswered.splice(0)) reject(new Error('the thread ended'))
  }
  worker.on('error', giveUp)
  worker.on('exit', giveUp)
  return started
}
