import { join } from 'node:path'
import type { Plugin } from 'vite'

/**
 * Plugin that leaves out of the bundle what it does not need: the parser of GraphQL, since documents have nothing but their
 * names there; the store of React for versions without one; and the preloading of files, which {@link Plugin} `build` switches
 * off.
 */
export function bundledParts(): Plugin {
  const documents = join(import.meta.dirname, 'named-documents.ts')
  return {
    name: 'keystead:bundled-parts',
    apply: 'build',
    enforce: 'pre',
    config: () => ({
      resolve: {
        alias: [
          { find: /^@0no-co\/graphql\.web$/, replacement: documents },
          { find: /^use-sync-external-store\/shim(?:\/index\.js)?$/, replacement: 'react' },
        ],
      },
    }),
    load: {
      filter: { id: /^\0vite\/preload-helper\.js$/ },
      handler: () => 'export const __vitePreload = (load) => load()',
    },
  }
}
