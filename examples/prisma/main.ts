// Keeps customers in a database that cannot read them, with @keystead/prisma: node main.ts
import { isKeysteadError } from '@keystead/client'
import { UnreadableValueError, UnsupportedQueryError } from '@keystead/prisma'
import { close, plain, prepare, prisma } from './database.ts'

const tenantId = 'shop-7'

/** Found by the blind index, whatever the spelling of the address; created where it is missing. */
async function writeCustomers(): Promise<void> {
  for (const name of ['Ann Peeters', 'Bob Claes']) {
    const email = `${name.split(' ')[0]}@example.org`
    const notes = { likes: 'green tea' }
    await prisma.customer.upsert({
      where: { email },
      create: { tenantId, email, name, notes },
      update: { name, notes },
    })
  }
}

async function readCustomers(): Promise<void> {
  const customers = await prisma.customer.findMany({ where: { tenantId } })
  console.log(
    'read:',
    customers
      .map(({ name }) => name)
      .toSorted()
      .join(', '),
  )
  const found = await prisma.customer.findUnique({ where: { email: 'ANN@example.org' } })
  console.log('found by its address:', found?.name, JSON.stringify(found?.notes))
  const none = await prisma.customer.findUnique({ where: { email: 'eve@example.org' } })
  console.log('found by another one:', none)
}

/** What somebody with access to the database sees, and can do. */
async function lookIntoDatabase(): Promise<void> {
  const [ann, bob] = await plain.customer.findMany({ orderBy: { id: 'asc' } })
  if (ann === undefined || bob === undefined) throw new Error('There are no two customers.')
  console.log('stored:', ann.name.slice(0, 5))
  const stored = { where: { id: ann.id } }
  await plain.customer.update({ ...stored, data: { name: bob.name } })
  try {
    await prisma.customer.findUnique(stored)
  } catch (error) {
    if (!(error instanceof UnreadableValueError)) throw error
    console.log('name of another row:', error.name)
  } finally {
    await plain.customer.update({ ...stored, data: { name: ann.name } })
  }
}

async function askForMore(): Promise<void> {
  await prisma.customer.findMany({ where: { name: { contains: 'Pee' } } }).catch((error) => {
    if (!(error instanceof UnsupportedQueryError)) throw error
    console.log('search within names:', error.name)
  })
}

try {
  await prepare()
  await writeCustomers()
  await readCustomers()
  await lookIntoDatabase()
  await askForMore()
} catch (error) {
  if (!isKeysteadError(error)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
} finally {
  await close()
}
