/** Where a server may be. */
export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket. */
  readonly name: string
  readonly port: number
}

/** The address of a database, after libpq's form with several hosts. */
export interface PostgresUrl {
  /** Names the first host only, since pg supports no more. */
  readonly connectionString: string
  /** All of them where there are several, else none: pg finds a single one by itself. */
  readonly hosts: readonly PostgresHost[]
  /** The files for TLS that the address names. */
  readonly files: TlsFiles
}

/** Paths of PEM files; null where there is none. */
export interface TlsFiles {
  /** The certificates of the authorities that are trusted. */
  readonly authority: string | null
  readonly certificate: string | null
  readonly privateKey: string | null
}

const defaultPort = 5432

/** Scheme; name and password up to the last @, which a password may hold; hosts; the rest. */
const form = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#@]*)(.*)$/s
const hostForm = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/i

/**
 * Reads an address such as `postgresql://user:password@one:5432,two:5433/name?target_session_attrs=read-write`.
 *
 * @throws TypeError that says what is wrong, without any part of the address: it may hold a password
 */
export function parsePostgresUrl(url: string): PostgresUrl {
  const [, scheme, credentials = '', authority = '', rest = ''] = form.exec(url) ?? []
  if (scheme === undefined) throw new TypeError('must start with postgres:// or postgresql://')
  const parameters = new URLSearchParams(/\?([^#]*)/.exec(rest)?.[1])
  const wanted = parameters.get('target_session_attrs')
  if (wanted !== null && wanted !== 'read-write' && wanted !== 'primary') {
    throw new TypeError('has target_session_attrs, which must be read-write: Keystead writes')
  }
  const names = authority.split(',')
  const isElsewhere = ['host', 'port'].some((name) => {
    const value = parameters.get(name)
    return value !== null && (names.length > 1 || value.includes(','))
  })
  if (isElsewhere) throw new TypeError('must name several hosts before the path: //HOST:PORT,HOST:PORT/NAME')
  const connectionString = `${scheme}${credentials}${names[0]}${rest}`
  const files = {
    authority: parameters.get('sslrootcert'),
    certificate: parameters.get('sslcert'),
    privateKey: parameters.get('sslkey'),
  }
  return { connectionString, hosts: names.length > 1 ? names.map(parseHost) : [], files }
}

function parseHost(text: string, index: number): PostgresHost {
  const wrong = new TypeError(
    `must name each host as HOST or HOST:PORT, with a port from 1 to 65535; host ${index + 1} is not`,
  )
  const [found, address, name = '', portText] = hostForm.exec(text) ?? []
  const port = portText === undefined ? defaultPort : Number(portText)
  if (found === undefined || port < 1 || port > 65_535) throw wrong
  try {
    return { name: address ?? decodeURIComponent(name), port }
  } catch {
    throw wrong
  }
}
