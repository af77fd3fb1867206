-- $1 log, $2 first position, $3 last position at most, $4 bytes at most of the entries after the first.
-- Lengths are read without the bytes, which a window over thousands of entries would not bear. An entry beyond the
-- bytes is told without them: that it is there is what the reader needs to know. The second is always given.
SELECT position, CASE WHEN position <= $2 + 1 OR total <= $4 THEN bytes END AS bytes
FROM (
    SELECT position, bytes, octet_length(bytes) AS length,
        sum(CASE WHEN position = $2 THEN 0 ELSE octet_length(bytes) END) OVER (ORDER BY position) AS total
    FROM tidelog_entry
    WHERE log = $1 AND position >= $2 AND position <= $3
) AS span
WHERE position <= $2 + 2 OR total - length <= $4
ORDER BY position;
