import { type Grant, LoginError, type ProviderPages, type TokenExchange } from './exchange.ts'

interface ErrorAnswer {
  readonly errors?: readonly {
    readonly message: string
    readonly extensions?: { readonly retryAfterSeconds?: number }
  }[]
}

/** Builds the exchange with the help of the server, which keeps the refresh token in a cookie that no script can read. */
export function createServerExchange(): TokenExchange {
  return {
    isShared: true,
    async pages() {
      return (await (await ask('GET', '/provider')).json()) as ProviderPages
    },
    async redeem(reply, { nonce, codeVerifier }) {
      const code = reply.get('code')
      const answer = await ask('POST', '', { code, iss: reply.get('iss'), codeVerifier, nonce })
      return (await answer.json()) as Grant
    },
    async renew() {
      const answer = await ask('POST', '/renew', {})
      return answer.status === 204 ? null : ((await answer.json()) as Grant)
    },
    async end() {
      await ask('DELETE', '')
    },
  }
}

async function ask(method: string, path: string, body?: object): Promise<Response> {
  const answer = await fetch(`/console/session${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (answer.ok) return answer
  const { errors } = (await answer.json().catch(() => ({}))) as ErrorAnswer
  const [error] = errors ?? []
  const message = error?.message ?? `The server answers with status ${answer.status}.`
  const retryAfterSeconds = error?.extensions?.retryAfterSeconds
  // Answers of proxies have no time to try again in.
  const isOutage = retryAfterSeconds !== undefined || (error === undefined && answer.status >= 500)
  throw new LoginError(
    isOutage
      ? { code: 'unavailable', message, retryAfterSeconds: retryAfterSeconds ?? 5 }
      : { code: 'refused', message },
  )
}
