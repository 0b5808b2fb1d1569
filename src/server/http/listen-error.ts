/** Where a server should listen, and the settings that say so. */
export interface ListenPlace {
  readonly host: string
  readonly port: number
  readonly names: readonly [host: string, port: string]
}

/** The server cannot listen where it should. For the operator. */
export class ListenError extends Error {
  constructor({ host, port, names: [hostName, portName] }: ListenPlace, { code }: NodeJS.ErrnoException) {
    super(
      code === 'EADDRINUSE'
        ? `port ${port} of ${host} is in use. Stop the other server, or choose another ${portName}.`
        : `${hostName} ${host} with ${portName} ${port} is no address to listen on (${code ?? 'unknown error'}).`,
    )
  }
}
