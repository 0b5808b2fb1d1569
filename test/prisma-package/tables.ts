/** Tables of test/prisma-package/schema.prisma. */
export const tables = `
  CREATE TABLE "Tenant" ("id" text PRIMARY KEY, "slug" text NOT NULL UNIQUE);
  CREATE TABLE "customers" (
    "id" uuid PRIMARY KEY,
    "tenantId" text NOT NULL REFERENCES "Tenant" ON UPDATE CASCADE,
    "email" text NOT NULL UNIQUE,
    "emailIndex" text UNIQUE,
    "full_name" text,
    "nameIndex" text,
    "notes" jsonb,
    "photo" bytea,
    "city" text NOT NULL DEFAULT 'Ghent');
  CREATE TABLE "Order" (
    "customerId" uuid NOT NULL REFERENCES "customers" ON DELETE CASCADE,
    "number" integer NOT NULL,
    "address" text NOT NULL,
    "gift" text,
    "paid" boolean NOT NULL DEFAULT false,
    PRIMARY KEY ("customerId", "number"));
  CREATE TABLE "Profile" (
    "customerId" uuid PRIMARY KEY REFERENCES "customers" ON DELETE CASCADE,
    "secret" text NOT NULL);
  CREATE TABLE "Tag" ("id" bigint PRIMARY KEY, "label" text NOT NULL);
  CREATE TABLE "_CustomerToTag" (
    "A" uuid NOT NULL REFERENCES "customers" ON DELETE CASCADE,
    "B" bigint NOT NULL REFERENCES "Tag" ON DELETE CASCADE,
    PRIMARY KEY ("A", "B"));`
