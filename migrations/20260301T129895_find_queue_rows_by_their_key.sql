-- What is looked for by its tenant and execution has to be found by the key of the table, and not by walking through all that the tenant
-- has in the queue: while the table is small the planner sees no difference, and keeps its plan when it has grown.
DROP INDEX execution_queue_by_definition;
CREATE INDEX execution_queue_by_definition ON execution_queue (definition_id);
