INSERT INTO tidelog_base (log, cluster, era, position, hash, snapshot) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (log) DO NOTHING
RETURNING position;
