-- $1 log, $2 position, $3 entries at most. Locked in order, the lowest first: an append that holds an entry holds all
-- above it, and two that delete at once do not wait for each other in a circle.
WITH lowest AS MATERIALIZED (
    SELECT position FROM tidelog_entry WHERE log = $1 AND position < $2
    ORDER BY position LIMIT $3
    FOR UPDATE
), gone AS (
    DELETE FROM tidelog_entry USING lowest
    WHERE tidelog_entry.log = $1 AND tidelog_entry.position = lowest.position
    RETURNING tidelog_entry.position
)
SELECT count(*) FROM gone;
