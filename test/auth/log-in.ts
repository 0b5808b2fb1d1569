import { createHash, randomBytes } from 'node:crypto'

/** What a token endpoint answers. */
export interface IssuedTokens {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
}

/** A form of a page, filled in. Without `action` it is sent to the address of the page. */
export interface FilledForm {
  readonly action?: string
  readonly fields: Readonly<Record<string, string>>
}

/** How a person logs in at a provider. */
export interface LogIn {
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly client: string
  readonly redirectUri: string
  readonly scope: string
  /** Parameters of both requests. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Fills in the form of a page. */
  fillIn(page: string): FilledForm
}

/** Asks a token endpoint for tokens. */
export async function askForTokens(
  url: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<IssuedTokens> {
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(parameters) })
  if (!response.ok) throw new Error(`the provider answers ${response.status}: ${await response.text()}`)
  return (await response.json()) as IssuedTokens
}

/** Logs a person in as a browser does: authorization code with PKCE (RFC 7636). */
export async function logInWithCode(logIn: LogIn): Promise<IssuedTokens> {
  const { authorizeUrl, tokenUrl, client, redirectUri, scope, parameters } = logIn
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: client,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const code = (await walk(`${authorizeUrl}?${query}`, logIn)).get('code') ?? ''
  return askForTokens(tokenUrl, {
    grant_type: 'authorization_code',
    client_id: client,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...parameters,
  })
}

/** Follows redirects and sends forms, from the authorization endpoint to the answer with the code. */
export async function walk(
  start: string,
  pages: Pick<LogIn, 'redirectUri' | 'fillIn'>,
  cookies?: Map<string, string>,
): Promise<URLSearchParams> {
  const answer = await visitPages(start, pages, cookies)
  if (answer === null) throw new Error('the log-in ends without an answer')
  return answer
}

/** How a browser goes through pages. */
export interface Pages {
  /** Where the walk ends with an answer; nowhere if not given. */
  readonly redirectUri?: string
  /** Fills in the form of a page; null on the last one. */
  fillIn(page: string): FilledForm | null
}

/** Goes through pages like a browser, with cookies. Resolves to the answer, or to null after the last page. */
export async function visitPages(
  start: string,
  { redirectUri, fillIn }: Pages,
  cookies = new Map<string, string>(),
): Promise<URLSearchParams | null> {
  let url = start
  let form: FilledForm | null = null
  for (let step = 0; step < 15; step++) {
    const response: Response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form !== null && { method: 'POST', body: new URLSearchParams(form.fields) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const page = await response.text()
    const location = response.headers.get('location')
    form = null
    if (location !== null) {
      url = new URL(location, url).href
      if (redirectUri === undefined || !url.startsWith(redirectUri)) continue
      const answer = new URL(url).searchParams
      if (answer.has('code')) return answer
      throw new Error(`the provider refuses the log-in: ${url}`)
    }
    if (!response.ok) throw new Error(`the provider answers ${response.status}: ${page.slice(0, 500)}`)
    form = fillIn(page)
    if (form === null) return null
    url = new URL(form.action ?? url, url).href
  }
  throw new Error('the pages have no end')
}
