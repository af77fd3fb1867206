-- Several logs share the tables: `log` is the first column of each key. Names compare as bytes.
CREATE TABLE IF NOT EXISTS tidelog_schema (version integer PRIMARY KEY);

-- The hash is of the bytes as they are stored, so that an append can ask for its predecessor by it.
CREATE TABLE IF NOT EXISTS tidelog_entry (
    log text COLLATE "C" NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    hash bytea NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (log, position)
);
-- Batches in entries are compressed already.
ALTER TABLE tidelog_entry ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS tidelog_base (
    log text COLLATE "C" PRIMARY KEY,
    cluster bytea NOT NULL,
    era bigint NOT NULL,
    position bigint NOT NULL,
    hash bytea NOT NULL,
    snapshot text NOT NULL
);

INSERT INTO tidelog_schema (version) VALUES (1) ON CONFLICT (version) DO NOTHING;
