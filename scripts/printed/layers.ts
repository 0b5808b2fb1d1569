import { globSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { type Layer, layerOf, layers, leaves } from '../layers.ts'
import type { PrintedFile } from './printed-file.ts'

const src = join(import.meta.dirname, '../../src')
const begin = '<!-- Made from scripts/layers.ts by `npm run print`; do not edit. -->'
const end = '<!-- End of what is made. -->'

/** The linter's rules about imports, which biome.json extends. */
export const layerRules: PrintedFile = {
  path: 'biome.layers.json',
  source: 'scripts/layers.ts',
  print: () => `${JSON.stringify({ overrides: foldersOfLayers().map(ruleOf) }, null, 2)}\n`,
}

/** The table of layers in the document about the architecture. */
export const layerTable: PrintedFile = {
  path: 'docs/architecture.md',
  source: 'scripts/layers.ts',
  print(current) {
    const [before, rest = ''] = current.split(begin)
    const [, after = ''] = rest.split(end)
    return `${before}${begin}\n\n${tableOf(layers)}\n\n${end}${after}`
  },
}

/** Folders with code below `src`, each with its layer. */
function foldersOfLayers(): { folder: string; layer: Layer }[] {
  const folders = globSync('**/*.{ts,js}', { cwd: src })
    .map((file) => dirname(file))
    .filter((folder) => !folder.includes('generated'))
  return [...new Set(folders)].sort().flatMap((folder) => {
    const layer = layerOf(folder)
    return layer === undefined ? [] : [{ folder, layer }]
  })
}

/** Refuses what leaves the layer, but for what it may import, as paths are written in files of the folder. */
function ruleOf({ folder, layer }: { folder: string; layer: Layer }): object {
  const up = relative(join(src, folder), dirname(join(src, layer.folder)))
  const allowed = [...leaves, ...layer.imports].map((path) => {
    const written = posix.relative(folder, path)
    return `!${path.endsWith('.ts') ? written : `${written}/**`}`
  })
  const may = layer.imports.length === 0 ? 'nothing of the project' : layer.imports.join(', ')
  const message = `src/${layer.folder} may import ${may}, and leaves: docs/architecture.md has the table of layers.`
  const options = { patterns: [{ group: [`${up}/**`, ...allowed], message }] }
  return {
    includes: [`src/${folder}/*`],
    linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
  }
}

function tableOf(all: readonly Layer[]): string {
  const rows = all.map(({ folder, purpose, imports }) => {
    const may = imports.map((path) => `\`${path}\``).join(', ') || 'nothing of the project'
    return `| \`src/${folder}\` | ${purpose} | ${may} |`
  })
  const names = leaves.map((leaf) => `\`${leaf}\``).join(', ')
  return [`| Folder | What it does | May import (besides ${names}) |`, '| --- | --- | --- |', ...rows].join(
    '\n',
  )
}
