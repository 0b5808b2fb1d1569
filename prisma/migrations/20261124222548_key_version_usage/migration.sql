-- CreateTable
CREATE TABLE "key_version_usage" (
    "key_id" UUID NOT NULL,
    "version_number" INTEGER NOT NULL,
    "encryptions" BIGINT NOT NULL DEFAULT 0,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "key_version_usage_pkey" PRIMARY KEY ("key_id","version_number")
);

-- AddForeignKey
ALTER TABLE "key_version_usage" ADD CONSTRAINT "key_version_usage_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;
