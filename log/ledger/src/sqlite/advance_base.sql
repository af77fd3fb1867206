-- ?1 to ?5 the new base, ?6 to ?10 the old one.
UPDATE base SET cluster = ?1, era = ?2, position = ?3, hash = ?4, snapshot = ?5
WHERE cluster = ?6 AND era = ?7 AND position = ?8 AND hash = ?9 AND snapshot = ?10 AND ?3 >= ?8
  AND EXISTS (SELECT 1 FROM entry WHERE entry.position = ?3 AND entry.hash = ?4);
