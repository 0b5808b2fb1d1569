// Writes rows until it is killed, and prints the ID of each row once its commit is acknowledged.
import { openStore } from '../../src/store/open-store.ts'
import { insertInstallation } from './insert-installation.ts'

const store = await openStore({ poolSize: 2, migrate: true, ...JSON.parse(process.env['TARGET'] ?? '') })
for (let id = Number(process.env['FIRST_ID']); ; id++) {
  await insertInstallation(store.db, id)
  process.stdout.write(`${id}\n`)
}
