import { setTimeout as sleep } from 'node:timers/promises'

/** Looks into the heap of another process, through Node's inspector. */
export interface HeapProbe {
  /** Bytes that are in use once everything that is not has been collected. */
  usedBytes(): Promise<number>
  close(): void
}

/** Connects to a process that was started with `--inspect=127.0.0.1:PORT`. */
export async function openHeapProbe(port: number): Promise<HeapProbe> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[]
  if (target === undefined) throw new Error('the process cannot be inspected')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  const { promise: opened, resolve, reject } = Promise.withResolvers<unknown>()
  socket.addEventListener('open', resolve)
  socket.addEventListener('error', () => reject(new Error('the process cannot be inspected')))
  await opened
  const waiting = new Map<number, (result: { usedSize: number }) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data))
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let lastId = 0
  const call = (method: string) =>
    new Promise<{ usedSize: number }>((answer) => {
      lastId++
      waiting.set(lastId, answer)
      socket.send(JSON.stringify({ id: lastId, method }))
    })
  return {
    async usedBytes() {
      // What has a finalizer is gone after the second time only.
      await call('HeapProfiler.collectGarbage')
      await sleep(50)
      await call('HeapProfiler.collectGarbage')
      return (await call('Runtime.getHeapUsage')).usedSize
    },
    close: () => socket.close(),
  }
}
