import type { Config } from '../config.ts'

/** The server cannot listen where it should. For the operator. */
export class ListenError extends Error {
  constructor({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>, { code }: NodeJS.ErrnoException) {
    super(
      code === 'EADDRINUSE'
        ? `port ${PORT} of ${HOST} is in use. Stop the other server, or choose another PORT.`
        : `HOST ${HOST} with PORT ${PORT} is no address to listen on (${code ?? 'unknown error'}).`,
    )
  }
}
