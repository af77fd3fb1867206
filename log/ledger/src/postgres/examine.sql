-- What `tidelog doctor` wants to know of a server, beyond settings.sql. All of it may be asked by any role; what a role may not see is NULL.
SELECT
    to_regclass('tidelog_schema') IS NOT NULL AS tables,
    current_setting('data_checksums') AS data_checksums,
    current_setting('autovacuum') AS autovacuum,
    EXISTS (SELECT 1 FROM pg_class
        WHERE oid = to_regclass('tidelog_entry') AND 'autovacuum_enabled=false' = ANY(reloptions)) AS table_not_vacuumed,
    current_setting('max_connections')::bigint
        - current_setting('superuser_reserved_connections')::bigint AS connections_max,
    (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database) AS connections,
    (SELECT count(*) FROM pg_stat_replication) AS standbys,
    (SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'async') AS asynchronous,
    (SELECT count(*) FROM pg_stat_replication WHERE sync_state IS NULL) AS unseen,
    (SELECT count(*) FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setting IN ('synchronous_commit=off', 'synchronous_commit=false')
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS commits_off,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock_ms;
