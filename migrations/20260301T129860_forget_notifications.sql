-- Notifications that are older than thirty days go with what is old: what they are found by, whosever they are.
CREATE INDEX notifications_by_age ON notifications (created_at);
