import { setTimeout as sleep } from 'node:timers/promises'

/** How long a client waits for some refusals, in milliseconds: at least, and by chance longer. */
const pauseMs = { least: 100, more: 300 } as const

/**
 * Waits before a refusal that costs the event loop nearly as much as a request that is answered. A client that goes on
 * regardless then sends few of them. Call it without a slot. The pause differs, so that clients do not come back
 * at the same moment.
 */
export async function pauseBeforeRefusal(): Promise<void> {
  await sleep(pauseMs.least + Math.random() * pauseMs.more)
}
