INSERT INTO base (id, cluster, era, position, hash, snapshot) VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING;
