// Writes rows until it is killed, and prints the ID of each row once its commit is acknowledged.
import { openStore } from '../../src/store/store.ts'

const store = await openStore({ poolSize: 2, migrate: true, ...JSON.parse(process.env['TARGET'] ?? '') })
for (let id = Number(process.env['FIRST_ID']); ; id++) {
  await store.db.installation.create({
    data: { id, rootKeyId: 'x', wrappedSecret: new Uint8Array(4), createdAt: new Date() },
  })
  process.stdout.write(`${id}\n`)
}
