-- $1 log, $2 to $6 the new base, $7 to $11 the old one.
-- The entry that the new base names is locked, so that it cannot go before this has committed. Of several that move the
-- base at once the second waits for the first and compares the row again, as it is then.
WITH there AS MATERIALIZED (
    SELECT position FROM tidelog_entry WHERE log = $1 AND position = $4 AND hash = $5
    FOR KEY SHARE
)
UPDATE tidelog_base SET cluster = $2, era = $3, position = $4, hash = $5, snapshot = $6
WHERE log = $1 AND cluster = $7 AND era = $8 AND position = $9 AND hash = $10 AND snapshot = $11
  AND $4 >= position AND EXISTS (SELECT FROM there)
RETURNING position;
