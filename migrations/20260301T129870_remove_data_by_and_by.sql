-- A dataset or a schedule that is deleted is so at once for everybody who looks; its records and its fires, however many, are removed in parts
-- by the housekeeper. The name of a dataset that is deleted is free.
ALTER TABLE datasets ADD COLUMN deleted_at timestamptz, DROP CONSTRAINT datasets_name_key;
CREATE UNIQUE INDEX datasets_name_key ON datasets (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX datasets_deleted ON datasets (tenant_id, id) WHERE deleted_at IS NOT NULL;

ALTER TABLE schedules DROP CONSTRAINT schedules_state_check;
ALTER TABLE schedules ADD CONSTRAINT schedules_state_check CHECK (state IN ('active', 'paused', 'ended', 'deleted'));
CREATE INDEX schedules_deleted ON schedules (tenant_id, id) WHERE state = 'deleted';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['datasets', 'dataset_records', 'schedules', 'schedule_fires'] LOOP
        EXECUTE format('DROP POLICY housekeeper ON %I', name);
        EXECUTE format('DROP POLICY housekeeper_bounds ON %I', name);
    END LOOP;
END
$$;

SELECT insula_keep_house('datasets', 'deleted_at IS NOT NULL');
SELECT insula_keep_house(
    'dataset_records', '(tenant_id, dataset_id) IN (SELECT d.tenant_id, d.id FROM datasets d WHERE d.deleted_at IS NOT NULL)');
SELECT insula_keep_house(
    'schedules',
    'state = ''deleted'' OR '
    '(tenant_id, definition_id) IN (SELECT d.tenant_id, d.id FROM definitions d WHERE d.state = ''deleted'')');
SELECT insula_keep_house(
    'schedule_fires',
    '(tenant_id, schedule_id) IN (SELECT s.tenant_id, s.id FROM schedules s WHERE s.state = ''deleted'') OR '
    '(tenant_id, schedule_id) IN (SELECT s.tenant_id, s.id FROM schedules s '
    'JOIN definitions d ON (d.tenant_id, d.id) = (s.tenant_id, s.definition_id) WHERE d.state = ''deleted'')');
