-- CreateEnum
CREATE TYPE "AuditChainKind" AS ENUM ('OPERATIONS', 'MANAGEMENT');

-- AlterTable
ALTER TABLE "audit_events" ADD COLUMN     "chain_id" UUID,
ADD COLUMN     "hash" BYTEA,
ADD COLUMN     "sequence" BIGINT;

-- CreateTable
CREATE TABLE "audit_chains" (
    "id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "kind" "AuditChainKind" NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "base_sequence" BIGINT NOT NULL DEFAULT 0,
    "base_hash" BYTEA NOT NULL,
    "mac" BYTEA NOT NULL,
    "head_sequence" BIGINT NOT NULL DEFAULT 0,
    "head_hash" BYTEA NOT NULL,
    "head_mac" BYTEA NOT NULL,

    CONSTRAINT "audit_chains_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_pruned_revisions" (
    "key_id" UUID NOT NULL,
    "version_number" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "audit_pruned_revisions_pkey" PRIMARY KEY ("key_id","version_number")
);

-- CreateTable
CREATE TABLE "audit_rollup_progress" (
    "chain_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "audit_rollup_progress_pkey" PRIMARY KEY ("chain_id")
);

-- CreateTable
CREATE TABLE "audit_usage_daily" (
    "key_id" UUID NOT NULL,
    "version_number" INTEGER NOT NULL,
    "action" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "succeeded" BIGINT NOT NULL DEFAULT 0,
    "refused" BIGINT NOT NULL DEFAULT 0,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_usage_daily_pkey" PRIMARY KEY ("key_id","version_number","action","actor","day")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_chains_number_key" ON "audit_chains"("number");

-- CreateIndex
CREATE UNIQUE INDEX "audit_events_chain_id_sequence_key" ON "audit_events"("chain_id", "sequence");

-- CreateIndex
CREATE INDEX "audit_events_key_id_key_revision_idx" ON "audit_events"("key_id", "key_revision") WHERE key_revision IS NOT NULL;
