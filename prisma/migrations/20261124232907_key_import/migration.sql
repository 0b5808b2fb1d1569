-- CreateEnum
CREATE TYPE "KeyOrigin" AS ENUM ('KEYSTEAD', 'EXTERNAL');

-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "origin" "KeyOrigin" NOT NULL DEFAULT 'KEYSTEAD';

-- CreateTable
CREATE TABLE "import_parameters" (
    "id" UUID NOT NULL,
    "key_id" UUID NOT NULL,
    "public_key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "root_key_id" TEXT NOT NULL,
    "wrapped" BYTEA,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "import_parameters_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "import_parameters_key_id_idx" ON "import_parameters"("key_id");

-- CreateIndex
CREATE INDEX "import_parameters_expires_at_idx" ON "import_parameters"("expires_at");

-- AddForeignKey
ALTER TABLE "import_parameters" ADD CONSTRAINT "import_parameters_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;
