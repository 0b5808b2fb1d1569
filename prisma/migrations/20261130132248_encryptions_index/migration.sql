-- CreateIndex
CREATE INDEX "key_version_usage_encryptions_idx" ON "key_version_usage"("encryptions");
