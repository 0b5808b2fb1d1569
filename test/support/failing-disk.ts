// Stores row 1, prints "1", then stores row 2 in a transaction on a disk that no longer syncs, and would print "2".
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { openStore } from '../../src/store/open-store.ts'
import { insertInstallation } from './insert-installation.ts'

const store = await openStore({ poolSize: 2, migrate: true, ...JSON.parse(process.env['TARGET'] ?? '') })
await insertInstallation(store.db, 1)
process.stdout.write('1\n')
fs.fsyncSync = () => {
  throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
}
syncBuiltinESMExports()
await store.transaction((tx) => insertInstallation(tx, 2))
process.stdout.write('2\n')
