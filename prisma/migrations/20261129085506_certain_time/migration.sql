-- CreateTable
CREATE TABLE "certain_time" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "reached_at" TIMESTAMPTZ(3) NOT NULL,
    "ahead_ms" BIGINT NOT NULL DEFAULT 0,
    "held_since" TIMESTAMPTZ(3),
    "boot_id" TEXT,
    "uptime_ms" BIGINT NOT NULL,

    CONSTRAINT "certain_time_pkey" PRIMARY KEY ("id")
);
