-- What has been ready for longest is found by the index of moments, and nothing else by it: who looks for what a lane holds would walk
-- through all lanes, and a planner that takes the table for empty does not see the difference. The priority is never below 0.
DROP INDEX execution_queue_early;
CREATE INDEX execution_queue_early ON execution_queue (ready_at) WHERE node_id IS NULL AND NOT is_paused AND priority >= 0;
