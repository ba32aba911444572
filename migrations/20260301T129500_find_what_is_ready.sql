-- What is ready, in the order in which it came to be so: a claim finds it at once among all that wait for their time.
CREATE INDEX execution_queue_early ON execution_queue (ready_at) WHERE node_id IS NULL AND NOT is_paused;
