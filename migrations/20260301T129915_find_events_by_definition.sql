-- What happened to the runs and the schedules of a definition is found by the id of that definition.
CREATE INDEX events_by_definition ON events (tenant_id, (payload ->> 'definition_id'), seq)
    WHERE payload ->> 'definition_id' IS NOT NULL;
