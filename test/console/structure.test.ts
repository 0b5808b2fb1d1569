import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../console')
const files = globSync(['src/**/*.{ts,tsx,css}', 'build/*.ts', '*.ts'], { cwd: folder })
const read = (file: string) => readFileSync(join(folder, file), 'utf8')
const importsOf = (file: string) =>
  [...read(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) => join(file, '..', path))

it('no file has more than 200 lines', () => {
  const long = files
    .map((file) => [file, read(file).split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 200)
  expect(long).toEqual([])
})

it('a page imports nothing of another page', () => {
  const pageOf = (file: string) => /^src\/pages\/([^/]+)\//.exec(file)?.[1]
  const crossing = files.flatMap((file) =>
    importsOf(file)
      .filter(
        (path) => pageOf(file) !== undefined && pageOf(path) !== undefined && pageOf(path) !== pageOf(file),
      )
      .map((path) => `${file} → ${path}`),
  )
  expect(crossing).toEqual([])
})

/** Which folders may import from which: from the page down to what knows nothing about keys. */
const floors = [['main.tsx'], ['pages'], ['shell'], ['keys'], ['texts'], ['design'], ['session', 'api']]

it('imports lead from pages down, but for the routes of the shell', () => {
  const floorOf = (file: string) => floors.findIndex((names) => names.includes(file.split('/')[1] ?? ''))
  const upwards = files
    .filter((file) => file.startsWith('src/') && file !== 'src/shell/routes.tsx')
    .flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith('src/') && floorOf(path) < floorOf(file))
        .map((path) => `${file} → ${path}`),
    )
  expect(upwards).toEqual([])
})
