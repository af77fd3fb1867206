-- What this session may rely on. Setting `synchronous_commit` to what it is keeps it so when the server's settings are read anew.
SELECT
    pg_is_in_recovery() AS standby,
    current_setting('transaction_read_only') = 'on' AS read_only,
    current_setting('server_version_num')::integer AS version,
    set_config('synchronous_commit', current_setting('synchronous_commit'), false) AS synchronous_commit,
    current_setting('synchronous_standby_names') AS synchronous_standby_names,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    pg_backend_pid() AS pid,
    (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS began;
