-- By hand: key_aliases.alias has COLLATE "C", as keys.name has.
-- AlterTable
ALTER TABLE "keys" ADD COLUMN "aliases" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "key_aliases" (
    "project_id" TEXT NOT NULL,
    "alias" TEXT COLLATE "C" NOT NULL,
    "key_id" UUID NOT NULL,

    CONSTRAINT "key_aliases_pkey" PRIMARY KEY ("project_id","alias")
);

-- CreateIndex
CREATE INDEX "key_aliases_key_id_idx" ON "key_aliases"("key_id");

-- AddForeignKey
ALTER TABLE "key_aliases" ADD CONSTRAINT "key_aliases_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;
