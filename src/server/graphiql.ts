import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import { securityHeaders } from './answer.ts'
import { tour } from './tour.ts'
import { graphqlPath } from './yoga.ts'

/** Makes tokens for the tabs; null outside of development mode, where people bring their own. */
export type IssueToken = ((persona: string) => Promise<string>) | null

/** Builds the page of GraphiQL, which loads nothing from anywhere. */
export function createGraphiqlPage(issueToken: IssueToken): () => Promise<Response> {
  const pageScript = readFileSync(join(import.meta.dirname, 'graphiql-page.js'), 'utf8')
  return async () => {
    const nonce = randomBytes(16).toString('base64')
    const html = renderGraphiQL({
      title: 'Keystead',
      endpoint: graphqlPath,
      credentials: 'same-origin',
      ...(issueToken && { defaultTabs: await makeTabs(issueToken), shouldPersistHeaders: true }),
    })
    return new Response(withScripts(html, { nonce, pageScript: issueToken ? pageScript : '' }), {
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
    })
  }
}

/** The scripts of the page are the only ones with the nonce, so that no text that gets in could run. */
function withScripts(html: string, { nonce, pageScript }: { nonce: string; pageScript: string }): string {
  const [, head = '', tail = ''] = /^([\s\S]*?<div id="root"><\/div>\s*)<script>([\s\S]*)$/.exec(html) ?? []
  if (head === '') throw new TypeError('the page of GraphiQL has another form than expected')
  return `${head}<script nonce="${nonce}">${pageScript}</script><script nonce="${nonce}">${tail}`
}

async function makeTabs(issueToken: NonNullable<IssueToken>) {
  return Promise.all(
    tour.map(async ({ persona, query, variables }) => ({
      query,
      variables: JSON.stringify(variables, null, 2),
      headers: JSON.stringify({ Authorization: `Bearer ${await issueToken(persona)}` }, null, 2),
    })),
  )
}
