import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import { graphqlPath } from '../graphql/yoga.ts'
import { type Answer, securityHeaders } from './answer.ts'
import { tokenOf, tour } from './tour.ts'

/** GraphiQL writes each document into the address, so that reloading would send it, with literals, into logs. */
const keepDocumentsOutOfAddress = `if (location.search !== '') history.replaceState(null, '', location.pathname)
history.replaceState = () => {}
`

/** Without this a tab that is pressed for the first time jumps away under the pointer, and is not opened. */
const style = '.graphiql-tab { transform: none !important }'

/** A key. */
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="32" height="32" fill="none" stroke="#1f5fa8" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"><circle cx="8" cy="8" r="4.5"/><path d="M11.5 11.5 20 20M16 16l-2.5 2.5M19 19l-2 2"/></svg>'

/** Builds the page of GraphiQL, which loads nothing from anywhere; with the tour in development mode. */
export function createGraphiqlPage({ withTour }: { withTour: boolean }): () => Answer {
  const page = renderGraphiQL({
    title: 'Keystead',
    logo,
    favicon: `data:image/svg+xml;base64,${Buffer.from(logo).toString('base64')}`,
    endpoint: graphqlPath,
    credentials: 'same-origin',
    // Subscriptions, too, which it would ask for with GET.
    method: 'POST',
    // Of the first tab, and of each new one.
    headers: headersWith(withTour ? tokenOf('member') : 'YOUR_TOKEN'),
    // The tour's headers hold no token. Where people bring their own, the browser must not store it.
    shouldPersistHeaders: withTour,
    ...(withTour && { defaultTabs: makeTabs() }),
  })
  const pageScript = readFileSync(join(import.meta.dirname, 'graphiql-page.js'), 'utf8')
  const { head, tail } = splitAtScript(page.replace('</head>', `<style>${style}</style></head>`))
  const script = `${keepDocumentsOutOfAddress}${withTour ? pageScript : ''}`
  return () => {
    // The scripts of the page are the only ones with the nonce, so that no text that gets in could run.
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
  if (head === '') throw new TypeError('the page of GraphiQL has another form than expected')
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
