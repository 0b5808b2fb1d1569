-- CreateTable
CREATE TABLE "audit_sink_positions" (
    "sink" TEXT NOT NULL,
    "chain_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "audit_sink_positions_pkey" PRIMARY KEY ("sink","chain_id")
);

-- CreateTable
CREATE TABLE "leases" (
    "name" TEXT NOT NULL,
    "holder" UUID NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,
    "done_at" TIMESTAMPTZ(3),

    CONSTRAINT "leases_pkey" PRIMARY KEY ("name")
);
