CREATE TABLE IF NOT EXISTS "customers" (
  "id" text PRIMARY KEY,
  "tenantId" text NOT NULL,
  "email" text NOT NULL UNIQUE,
  "emailIndex" text UNIQUE,
  "name" text NOT NULL,
  "notes" jsonb
)
