import { RootKeyError } from '../root-key-provider.ts'
import { ck, codeOf, loadPkcs11, type Pkcs11 } from './pkcs11-module.ts'

/** Library of an HSM. All users in a process share one copy. */
export interface Pkcs11Library {
  readonly module: Pkcs11
  /** Number of starts; sessions and handles are valid for one start. */
  readonly starts: number
  /** Runs work while the library stays started. */
  hold<T>(work: () => Promise<T>): Promise<T>
  /** Restarts the library, which then detects tokens anew. Does nothing if it was restarted since the given start. */
  restart(knownStart: number): Promise<void>
}

const libraries = new Map<string, Promise<Pkcs11Library>>()

/**
 * The library of a path, started.
 *
 * @throws RootKeyError if there is none
 */
export function openLibrary(path: string): Promise<Pkcs11Library> {
  const known = libraries.get(path)
  if (known !== undefined) return known
  const opening = open(path)
  libraries.set(path, opening)
  opening.catch(() => libraries.delete(path))
  return opening
}

async function open(path: string): Promise<Pkcs11Library> {
  const Module = await loadPkcs11()
  const module = new Module()
  try {
    module.load(path)
  } catch {
    throw new RootKeyError(`the PKCS #11 library ${path} cannot be loaded`)
  }
  start(module)
  let starts = 1
  let holders = 0
  let restarting: Promise<void> | null = null
  let onFree: (() => void) | null = null

  async function restart(): Promise<void> {
    // Ending a library under the feet of its calls is not allowed.
    if (holders > 0) await new Promise<void>((resolve) => (onFree = resolve))
    onFree = null
    // Also where it fails: what was known of the tokens is void.
    starts++
    try {
      module.C_Finalize()
    } catch (error) {
      if (codeOf(error) !== 'CKR_CRYPTOKI_NOT_INITIALIZED') throw error
    }
    start(module)
  }

  return {
    module,
    get starts() {
      return starts
    },
    async hold(work) {
      while (restarting !== null) await restarting.catch(() => {})
      holders++
      try {
        return await work()
      } finally {
        holders--
        if (holders === 0) onFree?.()
      }
    },
    async restart(knownStart) {
      if (restarting !== null) return restarting
      if (knownStart !== starts) return
      restarting = restart().finally(() => {
        restarting = null
      })
      return restarting
    },
  }
}

function start(module: Pkcs11): void {
  try {
    // Calls come from several threads.
    module.C_Initialize({ flags: ck.lockingOk })
  } catch (error) {
    if (codeOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error
  }
}
