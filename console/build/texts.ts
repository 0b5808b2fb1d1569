import compile from 'icu-minify/compile'
import type { Plugin } from 'vite'

/** Plugin that compiles the catalogues, so that browsers need no parser of messages. */
export function compiledTexts(): Plugin {
  return {
    name: 'keystead:compiled-texts',
    enforce: 'pre',
    transform: {
      filter: { id: /\/src\/texts\/\w+\.json$/ },
      handler: (code) => ({
        code: `export default ${JSON.stringify(compileAll(JSON.parse(code)))}`,
        moduleType: 'js',
        map: null,
      }),
    },
  }
}

function compileAll(texts: unknown): unknown {
  if (typeof texts === 'string') return compile(texts)
  return Object.fromEntries(Object.entries(texts as object).map(([name, each]) => [name, compileAll(each)]))
}
