-- AlterTable
ALTER TABLE "keys" ADD COLUMN     "labels" JSONB NOT NULL DEFAULT '[]';
