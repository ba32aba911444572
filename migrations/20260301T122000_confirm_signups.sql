-- A tenant that somebody made for himself is given up unless its owner confirms his address in time. Until then the moment stands here;
-- whoever confirms takes it away, and whoever gives up looks at it under the lock of the row.
ALTER TABLE tenants ADD COLUMN confirm_by timestamptz;

CREATE INDEX tenants_by_confirmation ON tenants (confirm_by) WHERE confirm_by IS NOT NULL;

GRANT UPDATE (confirm_by) ON tenants TO insula_app;

GRANT SELECT (confirm_by), UPDATE (state, deletes_at, confirm_by) ON tenants TO insula_housekeeper;
CREATE POLICY housekeeper_gives_up ON tenants FOR UPDATE TO insula_housekeeper
    USING (current_user = 'insula_housekeeper' AND state = 'active' AND confirm_by <= now())
    WITH CHECK (current_user = 'insula_housekeeper' AND state = 'deleting' AND deletes_at IS NOT NULL);
