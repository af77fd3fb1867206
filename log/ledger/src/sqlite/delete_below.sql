-- ?1 position, ?2 entries at most. One statement, so the lowest are gone together or not at all.
DELETE FROM entry WHERE position IN (SELECT position FROM entry WHERE position < ?1 ORDER BY position LIMIT ?2);
