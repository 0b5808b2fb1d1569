-- AlterTable
ALTER TABLE "deleted_keys" ADD COLUMN     "access_entries" JSONB NOT NULL DEFAULT '[]';

-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "access_entries" JSONB NOT NULL DEFAULT '[]';
