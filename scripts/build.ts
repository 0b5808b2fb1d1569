// Compiles src and what it uses of examples and packages to JavaScript in dist, which is what the package has: Node does
// not run TypeScript below node_modules. dist mirrors the checkout, so that what is read at run time, such as the built
// console, lies where the code looks.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const output = join(root, 'dist')

rmSync(output, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
  { stdio: 'inherit' },
)
for (const file of globSync('src/**/*.js', { cwd: root })) cpSync(join(root, file), join(output, file))
cpSync(join(root, 'console/dist'), join(output, 'console/dist'), {
  recursive: true,
  filter: (path) => !path.endsWith('.made-from'),
})
cpSync(join(root, 'prisma/migrations'), join(output, 'prisma/migrations'), { recursive: true })
// Node looks for the kind of modules, and the program for its release, in the nearest of these.
const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
writeFileSync(join(output, 'package.json'), `${JSON.stringify({ name, version, type }, null, 2)}\n`)
console.log(`Compiled src to ${output}.`)
