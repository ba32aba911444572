-- A definition that is deleted is so at once for everybody who looks, and its runs are cancelled; what it leaves behind, however long its
-- history, is removed in parts by the housekeeper. And who has as many executions that have not ended as his plan holds gets no more.
ALTER TABLE definitions DROP CONSTRAINT definitions_state_check;
ALTER TABLE definitions
    ADD CONSTRAINT definitions_state_check CHECK (
        state = 'deleted' OR CASE kind WHEN 'agent' THEN state IN ('created', 'running', 'paused', 'stopped')
            ELSE state IN ('active', 'paused', 'archived') END);
CREATE INDEX definitions_deleted ON definitions (tenant_id, id) WHERE state = 'deleted';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['definitions', 'executions', 'schedules', 'schedule_fires'] LOOP
        EXECUTE format('DROP POLICY housekeeper ON %I', name);
        EXECUTE format('DROP POLICY housekeeper_bounds ON %I', name);
    END LOOP;
END
$$;

SELECT insula_keep_house('definitions', 'state = ''deleted''');
SELECT insula_keep_house(
    'executions',
    'finished_at < now() - interval ''30 days'' OR '
    '(tenant_id, definition_id) IN (SELECT d.tenant_id, d.id FROM definitions d WHERE d.state = ''deleted'')');
SELECT insula_keep_house(
    'schedules', '(tenant_id, definition_id) IN (SELECT d.tenant_id, d.id FROM definitions d WHERE d.state = ''deleted'')');
SELECT insula_keep_house(
    'schedule_fires',
    '(tenant_id, schedule_id) IN (SELECT s.tenant_id, s.id FROM schedules s '
    'JOIN definitions d ON (d.tenant_id, d.id) = (s.tenant_id, s.definition_id) WHERE d.state = ''deleted'')');

-- Whether a tenant has as many executions that have not ended as his plan holds, as it was counted some seconds ago.
ALTER TABLE queue_shares ADD COLUMN is_full boolean NOT NULL DEFAULT false;
