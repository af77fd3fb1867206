-- $1 log, $2 position, $3 hash, $4 bytes, $5 hash of the entry before.
-- One statement, in READ COMMITTED. What it sees is as of its start; what it must not rest on without more is what may
-- have changed since, while it waited for a lock or for its turn:
-- * The base moved beyond the position, and what lay below was deleted. Deletion takes the lowest first, so the entry
--   before went first, or was about to: the lock waits for that, looks at the row again, and finds it gone. Without
--   the lock the statement would see an entry that is no more, and write where another had been.
-- * The base moved, and nothing is deleted yet. Then the position is taken, since a base moves only to what is there.
--   The lock holds the entry before, and so all after it, until this statement has committed.
-- * Another took the position: the key's index tells, after waiting for the other to commit or not.
WITH looked AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM tidelog_base WHERE log = $1 AND position >= $2) AS trimmed,
           EXISTS (SELECT FROM tidelog_entry WHERE log = $1 AND position = $2) AS taken
), before AS MATERIALIZED (
    SELECT position FROM tidelog_entry WHERE log = $1 AND position = $2 - 1 AND hash = $5
    FOR KEY SHARE
), put AS (
    INSERT INTO tidelog_entry (log, position, hash, bytes)
    SELECT $1, $2, $3, $4 FROM looked
    WHERE NOT trimmed AND NOT taken AND ($2 = 0 OR EXISTS (SELECT FROM before))
    ON CONFLICT (log, position) DO NOTHING
    RETURNING position
)
SELECT CASE
    WHEN trimmed THEN 'trimmed'
    WHEN taken THEN 'taken'
    WHEN EXISTS (SELECT FROM put) THEN 'appended'
    WHEN $2 = 0 OR EXISTS (SELECT FROM before) THEN 'taken'
    ELSE 'differs'
END AS judged
FROM looked;
