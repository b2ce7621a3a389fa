-- How many exchanges stand above it: kept, so that adapters cannot hand something on to one another for ever.
ALTER TABLE durable ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
