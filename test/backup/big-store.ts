import { newUuid } from '../../src/ids.ts'
import { createUserKey } from '../../src/keys/changing/user-keys.ts'
import { openParts } from '../../src/open-parts.ts'
import { directCall } from '../support/direct-call.ts'
import type { Story } from '../support/story.ts'

/** Fills a story's store through the domain, without the detour over HTTP; the story is running again afterwards. */
export async function fillStore(
  story: Story,
  { keys, events }: { keys: number; events: number },
): Promise<void> {
  await story.stop()
  const { parts, close } = await openParts(story.config, {
    prepare: false,
    clock: story.clock,
    alert: (error) => {
      throw error
    },
  })
  try {
    // The first one alone: it opens the chain of changes.
    await createUserKey(parts, directCall, { name: 'first' })
    for (let made = 1; made < keys; made += 20) {
      const names = Array.from({ length: Math.min(20, keys - made) }, (_, index) => `key-${made + index}`)
      await Promise.all(names.map((name) => createUserKey(parts, directCall, { name })))
    }
    const actor = {
      projectId: 'shop',
      subject: 'user:mia',
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    }
    const event = {
      actor,
      action: 'GENERATE_RANDOM',
      outcome: 'SUCCEEDED',
      errorCode: null,
      keyId: null,
      keyRevision: null,
      versionNumber: null,
      details: { note: 'x'.repeat(8000) },
    } as const
    for (let made = 0; made < events; made += 1000) {
      await parts.audit.record(Array.from({ length: Math.min(1000, events - made) }, () => event))
    }
  } finally {
    await close()
  }
  await story.restart()
}
