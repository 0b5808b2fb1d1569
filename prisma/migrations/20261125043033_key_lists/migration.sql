-- DropIndex
DROP INDEX "keys_rotation_due_on_idx";

-- CreateIndex
CREATE INDEX "keys_project_id_kind_status_created_at_name_idx" ON "keys"("project_id", "kind", "status", "created_at", "name");

-- CreateIndex
CREATE INDEX "keys_rotation_due_on_id_idx" ON "keys"("rotation_due_on", "id");
