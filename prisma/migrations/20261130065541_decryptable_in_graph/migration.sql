-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "decryptable_in_graph" BOOLEAN NOT NULL DEFAULT false;
