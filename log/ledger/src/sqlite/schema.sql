-- One row per entry, in the order of positions, which are the row ids: an append goes to the end of one tree.
-- The hash is of the bytes as they are stored, so that an append can ask for its predecessor by it.
CREATE TABLE entry (
    position INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE base (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cluster BLOB NOT NULL,
    era INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    snapshot TEXT NOT NULL
) STRICT;
