-- By hand: keys.name has COLLATE "C", so that names are ordered by bytes on every server.
-- CreateEnum
CREATE TYPE "KeyKind" AS ENUM ('USER', 'SERVICE');

-- CreateEnum
CREATE TYPE "KeyStatus" AS ENUM ('PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED');

-- CreateEnum
CREATE TYPE "KeyVersionStatus" AS ENUM ('ACTIVE', 'DEACTIVATED', 'DESTROY_SCHEDULED', 'DESTROYED');

-- CreateEnum
CREATE TYPE "AuditOutcome" AS ENUM ('SUCCEEDED', 'DENIED', 'FAILED');

-- CreateTable
CREATE TABLE "keys" (
    "id" UUID NOT NULL,
    "redacted_id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "kind" "KeyKind" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "service_name" TEXT,
    "usage" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "status" "KeyStatus" NOT NULL,
    "created_by" TEXT NOT NULL,
    "owner" TEXT,
    "access_control_enabled" BOOLEAN NOT NULL DEFAULT false,
    "allowed_subjects" TEXT[],
    "rotation_enabled" BOOLEAN NOT NULL DEFAULT false,
    "rotation_cycle_days" INTEGER NOT NULL,
    "rotation_configured_on" DATE NOT NULL,
    "rotation_due_on" DATE,
    "last_rotated_at" TIMESTAMPTZ(3),
    "last_version_number" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "key_versions" (
    "id" UUID NOT NULL,
    "key_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "status" "KeyVersionStatus" NOT NULL,
    "key_revision" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "activated_at" TIMESTAMPTZ(3) NOT NULL,
    "deactivated_at" TIMESTAMPTZ(3),
    "destroy_scheduled_for" TIMESTAMPTZ(3),
    "destroyed_at" TIMESTAMPTZ(3),
    "public_key" BYTEA,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "key_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "key_material" (
    "version_id" UUID NOT NULL,
    "root_key_id" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,

    CONSTRAINT "key_material_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "deleted_keys" (
    "id" UUID NOT NULL,
    "redacted_id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "owner" TEXT,
    "access_control_enabled" BOOLEAN NOT NULL,
    "allowed_subjects" TEXT[],
    "revision" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "deleted_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "outcome" "AuditOutcome" NOT NULL,
    "error_code" TEXT,
    "actor" TEXT NOT NULL,
    "token_id" TEXT,
    "client_address" TEXT,
    "request_id" TEXT NOT NULL,
    "key_id" UUID,
    "key_revision" INTEGER,
    "version_number" INTEGER,
    "details" JSONB NOT NULL,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "root_key_id" TEXT NOT NULL,
    "wrapped_secret" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "keys_redacted_id_key" ON "keys"("redacted_id");

-- CreateIndex
CREATE INDEX "keys_project_id_kind_created_at_name_idx" ON "keys"("project_id", "kind", "created_at", "name");

-- CreateIndex
CREATE INDEX "keys_project_id_kind_name_idx" ON "keys"("project_id", "kind", "name");

-- CreateIndex
CREATE INDEX "keys_rotation_due_on_idx" ON "keys"("rotation_due_on");

-- CreateIndex
CREATE UNIQUE INDEX "keys_project_id_name_key" ON "keys"("project_id", "name");

-- CreateIndex
CREATE INDEX "key_versions_destroy_scheduled_for_idx" ON "key_versions"("destroy_scheduled_for");

-- CreateIndex
CREATE UNIQUE INDEX "key_versions_key_id_number_key" ON "key_versions"("key_id", "number");

-- CreateIndex
CREATE INDEX "key_material_root_key_id_idx" ON "key_material"("root_key_id");

-- CreateIndex
CREATE UNIQUE INDEX "deleted_keys_redacted_id_key" ON "deleted_keys"("redacted_id");

-- CreateIndex
CREATE INDEX "deleted_keys_project_id_deleted_at_idx" ON "deleted_keys"("project_id", "deleted_at");

-- CreateIndex
CREATE INDEX "audit_events_project_id_occurred_at_id_idx" ON "audit_events"("project_id", "occurred_at", "id");

-- CreateIndex
CREATE INDEX "audit_events_key_id_occurred_at_id_idx" ON "audit_events"("key_id", "occurred_at", "id");

-- AddForeignKey
ALTER TABLE "key_versions" ADD CONSTRAINT "key_versions_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "key_material" ADD CONSTRAINT "key_material_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "key_versions"("id") ON DELETE CASCADE ON UPDATE CASCADE;
