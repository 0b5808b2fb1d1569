-- By hand: the index of the keys that are there already. Apart from the tables, so that none of them is locked meanwhile:
-- servers of the release before go on using keys, and changes of keys wait. Keys come first, as in all changes.
SELECT index_key(k) FROM keys k;
UPDATE key_versions v SET project_id = k.project_id FROM keys k WHERE k.id = v.key_id;

-- CreateIndex
CREATE INDEX "key_search_terms_idx" ON "key_search" USING GIN ("terms") WITH (fastupdate = off);
