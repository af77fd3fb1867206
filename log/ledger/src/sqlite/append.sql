-- ?1 position, ?2 hash, ?3 bytes, ?4 hash of the entry before.
-- A statement outside a transaction is one: it takes the write lock before it reads anything, and it is durable when it
-- is done. So nothing changes between the three questions and the insert.
INSERT INTO entry (position, hash, bytes)
SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM base WHERE position >= ?1)
  AND (?1 = 0 OR EXISTS (SELECT 1 FROM entry WHERE position = ?1 - 1 AND hash = ?4))
ON CONFLICT (position) DO NOTHING;
