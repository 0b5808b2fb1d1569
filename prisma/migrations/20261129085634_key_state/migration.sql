-- AlterTable
ALTER TABLE "audit_pruned_revisions" ADD COLUMN     "key_state" BYTEA,
ADD COLUMN     "records" INTEGER;

-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "restored_at" TIMESTAMPTZ(3),
ADD COLUMN     "skipped_versions" INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[];
