-- By hand: the trail becomes a table with partitions by time. The table of before becomes its first partition, without a
-- scan or a copy of a row: it takes all times, so there is nothing to check, and it has its indexes already. Housekeeping
-- ends it later and adds one partition for each month (src/store/audit/partition-rows.ts).
ALTER TABLE audit_events RENAME TO audit_events_rest;
ALTER INDEX audit_events_pkey RENAME TO audit_events_rest_pkey;
ALTER INDEX audit_events_chain_id_sequence_key RENAME TO audit_events_rest_chain_id_sequence_key;
ALTER INDEX audit_events_project_id_occurred_at_id_idx RENAME TO audit_events_rest_project_id_occurred_at_id_idx;
ALTER INDEX audit_events_key_id_occurred_at_id_idx RENAME TO audit_events_rest_key_id_occurred_at_id_idx;
ALTER INDEX audit_events_key_id_key_revision_idx RENAME TO audit_events_rest_key_id_key_revision_idx;

CREATE TABLE audit_events (LIKE audit_events_rest INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);

-- An index that is unique over all partitions would have to contain occurred_at. So the places in chains, and the IDs, are
-- unique in each partition, by indexes of its own.
CREATE INDEX "audit_events_project_id_occurred_at_id_idx" ON "audit_events"("project_id", "occurred_at", "id");
CREATE INDEX "audit_events_key_id_occurred_at_id_idx" ON "audit_events"("key_id", "occurred_at", "id");
CREATE INDEX "audit_events_key_id_key_revision_idx" ON "audit_events"("key_id", "key_revision") WHERE key_revision IS NOT NULL;

ALTER TABLE audit_events ATTACH PARTITION audit_events_rest FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
