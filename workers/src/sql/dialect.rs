//! The statements that differ between the databases. All others are the same text.

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement in each dialect.
#[derive(Debug)]
pub(super) struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Dialect {
    pub(super) fn of(self, statement: &Statement) -> &'static str {
        match self {
            Self::Sqlite => statement.sqlite,
            Self::Postgres => statement.postgres,
        }
    }
}

/// Takes the lock of the writer at once: a transaction of SQLite that reads first could not get it later.
pub(super) const BEGIN: Statement = Statement { sqlite: "BEGIN IMMEDIATE", postgres: "BEGIN" };

/// The settings of each connection. apalis would switch the synchronization of SQLite off, and with it the promise of
/// the send log after a power failure.
pub(super) const CONNECTED: Statement = Statement {
    sqlite: "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = ON;",
    postgres: "SET search_path TO apalis, public",
};

/// Adds a job, unless one with its key has ended, whose row another program may have removed: id, queue, content, key.
pub(super) const PUSH: Statement = Statement {
    sqlite: "INSERT INTO Jobs (id, job_type, job, idempotency_key, run_at, metadata)
        SELECT $1, $2, $3, $4, CAST(strftime('%s', 'now') AS INTEGER), '{}'
        WHERE NOT EXISTS (SELECT 1 FROM zuora_ends WHERE queue = $2 AND key = $4)
        ON CONFLICT (job_type, idempotency_key) DO NOTHING",
    postgres: "INSERT INTO Jobs (id, job_type, job, idempotency_key, run_at, metadata)
        SELECT $1, $2, $3, $4, now(), ''::hstore
        WHERE NOT EXISTS (SELECT 1 FROM zuora_ends WHERE queue = $2 AND key = $4)
        ON CONFLICT (job_type, idempotency_key) DO NOTHING",
};

/// Makes a worker known: name, queue.
pub(super) const JOIN: Statement = Statement {
    sqlite: "INSERT INTO Workers (id, worker_type, storage_name, layers, last_seen, started_at)
        VALUES ($1, $2, 'zuora-workers', '', strftime('%s', 'now'), strftime('%s', 'now'))",
    postgres: "INSERT INTO Workers (id, worker_type, storage_name, layers, last_seen, started_at)
        VALUES ($1, $2, 'zuora-workers', '', now(), now())",
};

/// Renews the lease of a worker: name, queue.
pub(super) const BEAT: Statement = Statement {
    sqlite: "UPDATE Workers SET last_seen = strftime('%s', 'now') WHERE id = $1 AND worker_type = $2",
    postgres: "UPDATE Workers SET last_seen = clock_timestamp() WHERE id = $1 AND worker_type = $2",
};

/// Puts the jobs of lost workers back, and those of workers whose row was removed: queue, own name, window in seconds.
pub(super) const ORPHANS: Statement = Statement {
    sqlite: "UPDATE Jobs
        SET status = 'Pending', done_at = NULL, lock_by = NULL, lock_at = NULL, attempts = attempts + 1
        WHERE job_type = $1 AND status IN ('Queued', 'Running') AND (lock_by IN (
            SELECT id FROM Workers
            WHERE worker_type = $1 AND id <> $2 AND strftime('%s', 'now') - last_seen >= $3
        ) OR lock_by NOT IN (SELECT id FROM Workers))",
    postgres: "UPDATE Jobs
        SET status = 'Pending', done_at = NULL, lock_by = NULL, lock_at = NULL, attempts = attempts + 1
        WHERE job_type = $1 AND status IN ('Queued', 'Running') AND (lock_by IN (
            SELECT id FROM Workers
            WHERE worker_type = $1 AND id <> $2
                AND clock_timestamp() - last_seen >= make_interval(secs => $3::float8)
        ) OR lock_by NOT IN (SELECT id FROM Workers))",
};

/// Counts the workers alive: queue, window in seconds.
pub(super) const ALIVE: Statement = Statement {
    sqlite: "SELECT count(*) FROM Workers WHERE worker_type = $1 AND strftime('%s', 'now') - last_seen < $2",
    postgres: "SELECT count(*) FROM Workers
        WHERE worker_type = $1 AND clock_timestamp() - last_seen < make_interval(secs => $2::float8)",
};

/// Hands out due jobs: worker, queue, most. The columns of SQLite may contain bytes of any type.
pub(super) const CLAIM: Statement = Statement {
    sqlite: "UPDATE Jobs SET status = 'Running', lock_by = $1, lock_at = strftime('%s', 'now')
        WHERE ROWID IN (
            SELECT ROWID FROM Jobs
            WHERE job_type = $2 AND status = 'Pending' AND lock_by IS NULL
                AND (run_at IS NULL OR run_at <= CAST(strftime('%s', 'now') AS INTEGER))
            ORDER BY priority DESC, run_at, id LIMIT $3
        )
        RETURNING ROWID AS number, typeof(id) = 'text' AS is_text, CAST(id AS BLOB) AS id,
            CAST(job AS BLOB) AS job, CAST(attempts AS INTEGER) AS attempts,
            CAST(idempotency_key AS BLOB) AS key",
    postgres: "UPDATE Jobs SET status = 'Running', lock_by = $1, lock_at = clock_timestamp()
        WHERE id IN (
            SELECT id FROM Jobs
            WHERE job_type = $2 AND status = 'Pending' AND lock_by IS NULL AND run_at <= clock_timestamp()
            ORDER BY priority DESC, run_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        RETURNING 0::bigint AS number, 1::bigint AS is_text, convert_to(id, 'UTF8') AS id, job,
            attempts::bigint AS attempts, convert_to(idempotency_key, 'UTF8') AS key",
};

/// Ends the lease of a worker: name, queue.
pub(super) const END_LEASE: Statement = Statement {
    sqlite: "UPDATE Workers SET last_seen = 0 WHERE id = $1 AND worker_type = $2",
    postgres: "UPDATE Workers SET last_seen = to_timestamp(0) WHERE id = $1 AND worker_type = $2",
};

/// Marks a job as done, whoever holds it: result, id.
pub(super) const FINISH: Statement = Statement {
    sqlite: "UPDATE Jobs SET status = 'Done', done_at = strftime('%s', 'now'), last_result = $1
        WHERE id = $2 AND status <> 'Done'",
    postgres: "UPDATE Jobs SET status = 'Done', done_at = clock_timestamp(), last_result = $1::jsonb
        WHERE id = $2 AND status <> 'Done'",
};

/// Takes a job out of the queue without success: result, id, worker.
pub(super) const PARK: Statement = Statement {
    sqlite: "UPDATE Jobs SET status = 'Killed', done_at = strftime('%s', 'now'), last_result = $1
        WHERE id = $2 AND lock_by = $3 AND status IN ('Queued', 'Running')",
    postgres: "UPDATE Jobs SET status = 'Killed', done_at = clock_timestamp(), last_result = $1::jsonb
        WHERE id = $2 AND lock_by = $3 AND status IN ('Queued', 'Running')",
};

/// Sets the due time and gives the lock back, without an attempt: result, id, worker, milliseconds since 1970. SQLite
/// keeps whole seconds, so the time is rounded up.
pub(super) const PUT_BACK: Statement = Statement {
    sqlite: "UPDATE Jobs
        SET status = 'Pending', run_at = ($4 + 999) / 1000, lock_by = NULL, lock_at = NULL, last_result = $1
        WHERE id = $2 AND lock_by = $3 AND status IN ('Queued', 'Running')",
    postgres: "UPDATE Jobs
        SET status = 'Pending', run_at = to_timestamp($4::float8 / 1000), lock_by = NULL, lock_at = NULL,
            last_result = $1::jsonb
        WHERE id = $2 AND lock_by = $3 AND status IN ('Queued', 'Running')",
};

/// Hands a job out again that has ended: id.
pub(super) const REOPEN: Statement = Statement {
    sqlite:
        "UPDATE Jobs SET status = 'Pending', attempts = 0, run_at = CAST(strftime('%s', 'now') AS INTEGER),
            lock_by = NULL, lock_at = NULL, done_at = NULL
        WHERE id = $1 AND status = 'Killed'",
    postgres: "UPDATE Jobs SET status = 'Pending', attempts = 0, run_at = clock_timestamp(), lock_by = NULL,
            lock_at = NULL, done_at = NULL
        WHERE id = $1 AND status = 'Killed'",
};

/// Finds a job that has ended, and keeps others from changing it: queue, key.
pub(super) const PARKED: Statement = Statement {
    sqlite: "SELECT CAST(id AS TEXT) AS id, CAST(job AS BLOB) AS job, state, decision FROM Jobs
        JOIN zuora_ends ON queue = job_type AND key = coalesce(idempotency_key, id)
        WHERE job_type = $1 AND key = $2",
    postgres: "SELECT id, job, state, decision FROM Jobs
        JOIN zuora_ends ON queue = job_type AND key = coalesce(idempotency_key, id)
        WHERE job_type = $1 AND key = $2 FOR UPDATE",
};

/// Adds the row of a job for a person again that another program has removed: id, queue, key.
pub(super) const RESTORE: Statement = Statement {
    sqlite: "INSERT INTO Jobs (id, job_type, job, idempotency_key, run_at, metadata, status)
        SELECT $1, queue, CAST(text AS BLOB), key, 0, '{}', 'Killed' FROM zuora_ends JOIN zuora_parked USING (queue, key)
        WHERE queue = $2 AND key = $3 AND state IN ('in doubt', 'rejected')
            AND NOT EXISTS (SELECT 1 FROM Jobs WHERE job_type = $2 AND coalesce(idempotency_key, id) = $3)
        ON CONFLICT (job_type, idempotency_key) DO NOTHING",
    postgres: "INSERT INTO Jobs (id, job_type, job, idempotency_key, run_at, metadata, status)
        SELECT $1, queue, convert_to(text, 'UTF8'), key, now(), ''::hstore, 'Killed'
        FROM zuora_ends JOIN zuora_parked USING (queue, key)
        WHERE queue = $2 AND key = $3 AND state IN ('in doubt', 'rejected')
            AND NOT EXISTS (SELECT 1 FROM Jobs WHERE job_type = $2 AND coalesce(idempotency_key, id) = $3)
        ON CONFLICT (job_type, idempotency_key) DO NOTHING",
};

/// Lists the jobs that have ended in a state, also those whose row was removed: queue, state.
pub(super) const LIST: Statement = Statement {
    sqlite:
        "SELECT key, worker, decision, coalesce(CAST(job AS BLOB), CAST(text AS BLOB)) AS job FROM zuora_ends
        LEFT JOIN zuora_parked USING (queue, key)
        LEFT JOIN Jobs ON queue = job_type AND key = coalesce(idempotency_key, id)
        WHERE queue = $1 AND state = $2 ORDER BY key",
    postgres: "SELECT key, worker, decision, coalesce(job, convert_to(text, 'UTF8')) AS job FROM zuora_ends
        LEFT JOIN zuora_parked USING (queue, key)
        LEFT JOIN Jobs ON queue = job_type AND key = coalesce(idempotency_key, id)
        WHERE queue = $1 AND state = $2 ORDER BY key",
};
