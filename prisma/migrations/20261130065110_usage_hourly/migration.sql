-- AlterTable
ALTER TABLE "audit_rollup_progress" ADD COLUMN     "detailed_sequence" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "audit_usage_daily" ADD COLUMN     "denied" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "audit_usage_hourly" (
    "key_id" UUID NOT NULL,
    "version_number" INTEGER NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "succeeded" BIGINT NOT NULL DEFAULT 0,
    "refused" BIGINT NOT NULL DEFAULT 0,
    "denied" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "audit_usage_hourly_pkey" PRIMARY KEY ("key_id","version_number","hour","action")
);

-- CreateIndex
CREATE INDEX "audit_usage_hourly_project_id_hour_idx" ON "audit_usage_hourly"("project_id", "hour");

-- CreateIndex
CREATE INDEX "audit_usage_daily_key_id_day_idx" ON "audit_usage_daily"("key_id", "day");
