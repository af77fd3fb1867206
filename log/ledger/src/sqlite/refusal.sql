-- ?1 position, ?2 hash of the entry before. Why an append wrote nothing.
SELECT
    EXISTS (SELECT 1 FROM base WHERE position >= ?1) AS trimmed,
    EXISTS (SELECT 1 FROM entry WHERE position = ?1) AS taken,
    ?1 = 0 OR EXISTS (SELECT 1 FROM entry WHERE position = ?1 - 1 AND hash = ?2) AS fits;
