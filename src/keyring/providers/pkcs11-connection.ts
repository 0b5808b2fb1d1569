import { RootKeyError } from '../root-key-provider.ts'
import { openLibrary, type Pkcs11Library } from './pkcs11-library.ts'
import { ck, codeOf, type Handle, type Pkcs11 } from './pkcs11-module.ts'

/** A session of an HSM, logged in. */
export interface HsmSession {
  readonly module: Pkcs11
  readonly session: Handle
  /** Handles of objects are good for one connection: where this is another object, they are to be looked up again. */
  readonly connection: object
}

/** A way to a token that comes back by itself after the token or the session was lost. */
export interface HsmConnection {
  /**
   * Runs work on a session of its own. If the HSM fails, the work runs once more on a new connection.
   *
   * @throws RootKeyError if the HSM cannot be used; what `work` throws itself
   */
  run<T>(work: (hsm: HsmSession) => Promise<T>): Promise<T>
}

/** The key is not in the token, as far as the library knows. */
export class MissingKeyError extends RootKeyError {}

/** Sessions that are open at the same time, at most. */
const sessionsMax = 4
/** Milliseconds for which a failed attempt to connect answers later ones. */
const retryPauseMs = 1000

interface Line {
  readonly library: Pkcs11Library
  /** Start of the library for which it is valid. */
  readonly start: number
  readonly slot: Handle
  readonly idle: Handle[]
  readonly waiting: ((session: Handle) => void)[]
  sessions: number
}

/** Connects when it is first needed. */
export function createHsmConnection(options: {
  /** Path of the HSM's library. */
  library: string
  /** Label of the token. */
  token: string
  readPin: () => Promise<string>
}): HsmConnection {
  let line: Promise<Line> | null = null
  /** The start of the library that turned out not to know the token's state any more. */
  let staleStart: number | null = null
  let failure: { readonly error: unknown; readonly atMs: number } | null = null
  let refusedPin: string | null = null

  function connect(): Promise<Line> {
    if (line !== null) return line
    if (failure !== null && performance.now() - failure.atMs < retryPauseMs) {
      return Promise.reject(failure.error)
    }
    const opening = openLine()
    line = opening
    opening.catch((error: unknown) => {
      failure = { error, atMs: performance.now() }
      if (line === opening) line = null
    })
    return opening
  }

  async function openLine(): Promise<Line> {
    const library = await openLibrary(options.library)
    try {
      if (staleStart !== null) await library.restart(staleStart)
      staleStart = null
      return await library.hold(() => logIn(library))
    } catch (error) {
      staleStart = library.starts
      throw textOf(error)
    }
  }

  async function logIn(library: Pkcs11Library): Promise<Line> {
    const { module, starts: start } = library
    const slot = findSlot(module, options.token)
    if (slot === undefined) throw new RootKeyError(`the HSM has no token with the label ${options.token}`)
    const pin = await options.readPin()
    // A token locks itself after a few wrong PINs, so that a wrong one is tried once.
    if (pin === refusedPin) throw new RootKeyError('the HSM did not accept the PIN; it is not tried again')
    const session = openSession(module, slot)
    try {
      module.C_Login(session, ck.user, pin)
    } catch (error) {
      const code = codeOf(error)
      if (code?.startsWith('CKR_PIN_')) refusedPin = pin
      if (code !== 'CKR_USER_ALREADY_LOGGED_IN') throw error
    }
    return { library, start, slot, idle: [session], waiting: [], sessions: 1 }
  }

  function forget(lost: Promise<Line>, { start }: Line): void {
    if (line !== lost) return
    line = null
    failure = null
    staleStart = start
  }

  async function tryOnce<T>(work: (hsm: HsmSession) => Promise<T>): Promise<T> {
    const current = connect()
    const open = await current
    const { library } = open
    return library.hold(async () => {
      try {
        const session = await borrow(open)
        try {
          return await work({ module: library.module, session, connection: open })
        } finally {
          giveBack(open, session)
        }
      } catch (error) {
        if (codeOf(error) !== null || error instanceof MissingKeyError) forget(current, open)
        throw error
      }
    })
  }

  return {
    async run(work) {
      try {
        return await tryOnce(work)
      } catch (error) {
        if (codeOf(error) === null) throw error
      }
      try {
        return await tryOnce(work)
      } catch (error) {
        throw textOf(error)
      }
    },
  }
}

/** Reports only the code of an error: its text can hold values that were passed to the library. */
function textOf(error: unknown): unknown {
  const code = codeOf(error)
  return code === null ? error : new RootKeyError(`the HSM cannot be used: it answers ${code}`)
}

function findSlot(module: Pkcs11, token: string): Handle | undefined {
  return module.C_GetSlotList(true).find((slot) => {
    try {
      // Padded with spaces (PKCS #11 §3.2), or ended by a zero byte as some modules have it.
      return module.C_GetTokenInfo(slot).label.split('\0', 1)[0]?.trimEnd() === token
    } catch {
      // Some other slot's trouble.
      return false
    }
  })
}

function openSession(module: Pkcs11, slot: Handle): Handle {
  return module.C_OpenSession(slot, ck.sessionSerial | ck.sessionReadWrite)
}

async function borrow(line: Line): Promise<Handle> {
  const idle = line.idle.pop()
  if (idle !== undefined) return idle
  if (line.sessions < sessionsMax) {
    const session = openSession(line.library.module, line.slot)
    line.sessions++
    return session
  }
  return new Promise((resolve) => line.waiting.push(resolve))
}

function giveBack(line: Line, session: Handle): void {
  const next = line.waiting.shift()
  if (next === undefined) line.idle.push(session)
  else next(session)
}
