import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import compile from 'icu-minify/compile'
import type { Plugin } from 'vite'

interface Texts {
  readonly [name: string]: Texts | string
}

interface Names {
  [name: string]: Names | 0
}

const prefix = '\0virtual:texts/'

/**
 * Plugin that gives the code the catalogues: `virtual:texts/names` is what all have in common, `virtual:texts/LANGUAGE` the
 * compiled texts in the order of these names. So browsers need no parser of messages, and the names are there once.
 */
export function compiledTexts(folder: string): Plugin {
  const read = (language: string): Texts =>
    JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) as Texts
  return {
    name: 'keystead:compiled-texts',
    resolveId: (id) => (`\0${id}`.startsWith(prefix) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(prefix)) return null
      const wanted = id.slice(prefix.length)
      const english = read('en')
      const used = wanted === 'names' ? 'en' : wanted
      this.addWatchFile(join(folder, `${used}.json`))
      return wanted === 'names'
        ? `export const textNames = ${JSON.stringify(namesIn(english))}`
        : `export const texts = ${JSON.stringify(listOf(wanted, english, read(wanted)))}`
    },
  }
}

function namesIn(texts: Texts): Names {
  return Object.fromEntries(
    Object.entries(texts).map(([name, each]) => [name, typeof each === 'string' ? 0 : namesIn(each)]),
  )
}

function listOf(language: string, names: Texts, texts: Texts): unknown[] {
  return Object.entries(names).flatMap(([name, each]) => {
    const own = texts[name]
    if (typeof own !== typeof each || own === undefined) {
      throw new Error(`texts/${language}.json has no ${JSON.stringify(name)} as texts/en.json has one.`)
    }
    return typeof own === 'string' ? [compile(own)] : listOf(language, each as Texts, own)
  })
}
