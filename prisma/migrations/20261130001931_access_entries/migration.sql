-- AlterTable
ALTER TABLE "deleted_keys" ADD COLUMN     "access_entries" JSONB NOT NULL DEFAULT '[]';

-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "access_entries" JSONB NOT NULL DEFAULT '[]';

-- CreateIndex
CREATE INDEX "deleted_keys_project_id_access_control_enabled_idx" ON "deleted_keys"("project_id", "access_control_enabled");

-- CreateIndex
CREATE INDEX "keys_project_id_access_control_enabled_idx" ON "keys"("project_id", "access_control_enabled");
