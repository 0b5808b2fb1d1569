-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "key_set" JSONB;

-- CreateTable
CREATE TABLE "next_key_material" (
    "key_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "root_key_id" TEXT NOT NULL,
    "wrapped" BYTEA NOT NULL,

    CONSTRAINT "next_key_material_pkey" PRIMARY KEY ("key_id")
);

-- CreateIndex
CREATE INDEX "next_key_material_root_key_id_idx" ON "next_key_material"("root_key_id");

-- AddForeignKey
ALTER TABLE "next_key_material" ADD CONSTRAINT "next_key_material_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot say: published keys by the address of their set, and those without a next version.
CREATE UNIQUE INDEX "keys_key_set_id_idx" ON "keys" (("key_set"->>'id')) WHERE "key_set" IS NOT NULL;
CREATE INDEX "keys_without_next_version_idx" ON "keys" ("id") WHERE "key_set"->'next' = 'null'::jsonb;
