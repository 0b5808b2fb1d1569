// Runs in the page of GraphiQL, in development mode only, before GraphiQL itself. It replaces the placeholders of the tour.
// Tokens stay in the memory of the page, so that the browser stores none.
;(() => {
  const original = window.fetch.bind(window)
  const tokens = new Map()

  /** Stores the values for placeholders of later tabs, also after a reload. Neither is secret. */
  function remember(text) {
    const [, key] = /"id": ?"(ukey_[0-9a-z]{26})"/.exec(text) ?? []
    if (key) localStorage.setItem('LAST_KEY_ID', key)
    const [, ciphertext] = /"ciphertext": ?"([A-Za-z0-9+/=]{1,9999})"/.exec(text) ?? []
    if (ciphertext) localStorage.setItem('LAST_CIPHERTEXT', ciphertext)
  }

  function fillIn(body) {
    return body.replaceAll(/"(LAST_[A-Z_]+)"/g, (quoted, name) => {
      const value = localStorage.getItem(name)
      return value === null ? quoted : JSON.stringify(value)
    })
  }

  /** Requests a token for a persona. Resolves to the answer, which has the token or an error. */
  async function askForToken(persona) {
    const answer = await original(`/dev/tokens/${persona.toLowerCase()}`)
    if (answer.ok) tokens.set(persona, (await answer.clone().json()).token)
    return answer
  }

  async function sendAs(persona, resource, request) {
    if (!tokens.has(persona)) {
      const answer = await askForToken(persona)
      if (!answer.ok) return answer
    }
    request.headers.set('authorization', `Bearer ${tokens.get(persona)}`)
    return original(resource, request)
  }

  async function send(resource, request) {
    const [, persona] = /^Bearer TOKEN_OF_(\w+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (!persona) return original(resource, request)
    const answer = await sendAs(persona, resource, request)
    if (answer.status !== 401) return answer
    // The token has expired, or the server was restarted with a new key.
    tokens.delete(persona)
    return sendAs(persona, resource, request)
  }

  window.fetch = async (resource, init = {}) => {
    if (init.method !== 'POST' || typeof init.body !== 'string') return original(resource, init)
    const answer = await send(resource, {
      ...init,
      headers: new Headers(init.headers),
      body: fillIn(init.body),
    })
    // An event stream does not end.
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream')
    if (!isStream && !init.body.includes('__schema')) remember(await answer.clone().text())
    return answer
  }
})()
