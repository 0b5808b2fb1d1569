// Fails when prisma/schema.prisma and the migrations do not say the same.
import { findSchemaDifference } from './schema-diff.ts'

const sql = await findSchemaDifference()
if (sql !== '') {
  console.error(`prisma/schema.prisma has changes without a migration (npm run migrate:new -- NAME):\n${sql}`)
  process.exit(1)
}
console.log('The migrations lead to prisma/schema.prisma.')
