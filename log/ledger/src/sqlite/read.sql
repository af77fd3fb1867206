-- ?1 first position, ?2 entries at most.
SELECT position, bytes FROM entry WHERE position >= ?1 ORDER BY position LIMIT ?2;
