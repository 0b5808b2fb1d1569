import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import { type Answer, securityHeaders } from '../answer.ts'
import { graphqlPath } from '../graphql/yoga.ts'
import { tokenOf, tour } from './tour.ts'

/** GraphiQL writes documents, with their literals, into the URL. Reloading would send them to the server and into logs. */
const keepDocumentsOutOfAddress = `if (location.search !== '') history.replaceState(null, '', location.pathname)
history.replaceState = () => {}
`

/** Without this style, a tab moves away under the pointer at the first click and does not open. */
const style = '.graphiql-tab { transform: none !important }'

/** Picture of a key. */
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="32" height="32" fill="none" stroke="#1f5fa8" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"><circle cx="8" cy="8" r="4.5"/><path d="M11.5 11.5 20 20M16 16l-2.5 2.5M19 19l-2 2"/></svg>'

/** Builds the page of GraphiQL, with the tour in development mode. It loads nothing from other servers. */
export function createGraphiqlPage({ withTour }: { withTour: boolean }): () => Answer {
  const page = renderGraphiQL({
    title: 'Keystead',
    logo,
    favicon: `data:image/svg+xml;base64,${Buffer.from(logo).toString('base64')}`,
    endpoint: graphqlPath,
    credentials: 'same-origin',
    // Without this, subscriptions would use GET.
    method: 'POST',
    // Headers of the first tab and of each new one.
    headers: headersWith(withTour ? tokenOf('member') : 'YOUR_TOKEN'),
    // The headers of the tour contain no token. A token of a user must not be stored in the browser.
    shouldPersistHeaders: withTour,
    ...(withTour && { defaultTabs: makeTabs() }),
  })
  const pageScript = readFileSync(join(import.meta.dirname, 'graphiql-page.js'), 'utf8')
  const { head, tail } = splitAtScript(page.replace('</head>', `<style>${style}</style></head>`))
  const script = `${keepDocumentsOutOfAddress}${withTour ? pageScript : ''}`
  return () => {
    // Only the scripts of the page have the nonce, so that injected ones do not run.
    const nonce = randomBytes(16).toString('base64')
    const html = `${head}<script nonce="${nonce}">${script}</script><script nonce="${nonce}">${tail}`
    return {
      status: 200,
      headers: {
        ...securityHeaders,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': [
          "default-src 'none'",
          `script-src 'nonce-${nonce}'`,
          'worker-src blob:',
          "style-src 'unsafe-inline'",
          'img-src data:',
          'font-src data:',
          "connect-src 'self'",
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
        ].join('; '),
      },
      body: html,
    }
  }
}

function splitAtScript(page: string): { head: string; tail: string } {
  const [, head = '', tail = ''] = /^([\s\S]*?<div id="root"><\/div>\s*)<script>([\s\S]*)$/.exec(page) ?? []
  if (head === '') throw new TypeError('the page of GraphiQL has an unexpected form')
  return { head, tail }
}

function headersWith(token: string): string {
  return JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2)
}

function makeTabs() {
  return tour.map(({ persona, query, variables }) => ({
    query,
    variables: JSON.stringify(variables, null, 2),
    headers: headersWith(tokenOf(persona)),
  }))
}
