import { type RawBuilder, sql } from 'kysely'

/**
 * The first tables. Names are compared byte by byte (`utf8mb4_bin`), as the repository and the servers do.
 * `IF NOT EXISTS` because a statement that makes a table cannot be rolled back: after a crash it runs again.
 */
export const statements: readonly RawBuilder<unknown>[] = [
  sql`CREATE TABLE IF NOT EXISTS deploy_request_number (
    repository_id BIGINT NOT NULL,
    database_name VARCHAR(64) NOT NULL,
    last_number BIGINT NOT NULL,
    PRIMARY KEY (repository_id, database_name)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS deploy_request (
    id BIGINT NOT NULL AUTO_INCREMENT,
    number BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    repository_owner VARCHAR(100) NOT NULL,
    repository_name VARCHAR(100) NOT NULL,
    installation_id BIGINT NOT NULL,
    pull_request BIGINT NOT NULL,
    database_name VARCHAR(64) NOT NULL,
    branch_name VARCHAR(64) NOT NULL,
    head_sha VARCHAR(64) NOT NULL,
    base_sha VARCHAR(64) NOT NULL,
    author VARCHAR(100) NOT NULL,
    state VARCHAR(10) NOT NULL,
    created_at DATETIME(3) NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    closed_at DATETIME(3) NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    projected_revision BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id),
    UNIQUE KEY by_number (repository_id, database_name, number),
    UNIQUE KEY by_pull_request (repository_id, pull_request, database_name, branch_name)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS submission (
    deploy_request_id BIGINT NOT NULL,
    head_sha VARCHAR(64) NOT NULL,
    base_sha VARCHAR(64) NOT NULL,
    files_digest VARCHAR(64) NOT NULL,
    base_schema LONGTEXT NOT NULL,
    wanted_schema LONGTEXT NOT NULL,
    received_at DATETIME(3) NOT NULL,
    PRIMARY KEY (deploy_request_id)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS plan (
    digest CHAR(64) NOT NULL,
    body LONGTEXT NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    PRIMARY KEY (digest)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS deployment (
    id BIGINT NOT NULL AUTO_INCREMENT,
    deploy_request_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state VARCHAR(40) NOT NULL,
    plan_digest CHAR(64) NULL,
    auto_cutover TINYINT NOT NULL,
    revert_window_ms BIGINT NULL,
    attempt INT NOT NULL,
    created_at DATETIME(3) NOT NULL,
    queued_at DATETIME(3) NULL,
    submitted_at DATETIME(3) NULL,
    started_at DATETIME(3) NULL,
    ready_to_cutover_at DATETIME(3) NULL,
    cutover_at DATETIME(3) NULL,
    finished_at DATETIME(3) NULL,
    waiting_period_end_at DATETIME(3) NULL,
    detail LONGTEXT NOT NULL,
    progress LONGTEXT NULL,
    PRIMARY KEY (id),
    KEY by_deploy_request (deploy_request_id),
    KEY by_state (state, queued_at)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS audit (
    id BIGINT NOT NULL AUTO_INCREMENT,
    deploy_request_id BIGINT NOT NULL,
    deployment_id BIGINT NULL,
    at DATETIME(3) NOT NULL,
    actor VARCHAR(100) NOT NULL,
    via VARCHAR(20) NOT NULL,
    action VARCHAR(40) NOT NULL,
    plan_digest CHAR(64) NULL,
    state VARCHAR(40) NULL,
    detail LONGTEXT NULL,
    PRIMARY KEY (id),
    KEY by_deploy_request (deploy_request_id)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS inbox (
    id BIGINT NOT NULL AUTO_INCREMENT,
    delivery_id VARCHAR(100) NOT NULL,
    body_hash CHAR(64) NOT NULL,
    event VARCHAR(100) NOT NULL,
    subject VARCHAR(200) NOT NULL,
    body LONGTEXT NOT NULL,
    state VARCHAR(10) NOT NULL DEFAULT 'pending',
    attempts INT NOT NULL DEFAULT 0,
    received_at DATETIME(3) NOT NULL,
    available_at DATETIME(3) NOT NULL,
    lease_owner VARCHAR(100) NULL,
    lease_until DATETIME(3) NULL,
    finished_at DATETIME(3) NULL,
    last_error VARCHAR(1000) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY by_delivery (delivery_id),
    UNIQUE KEY by_body (body_hash),
    KEY by_state (state, id),
    KEY by_subject (subject, state, id)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS lease (
    name VARCHAR(200) NOT NULL,
    owner VARCHAR(100) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (name)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS projection (
    subject VARCHAR(200) NOT NULL,
    github_id BIGINT NULL,
    hash CHAR(64) NOT NULL,
    written_at DATETIME(3) NOT NULL,
    PRIMARY KEY (subject)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS oidc_token (
    jti VARCHAR(200) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (jti),
    KEY by_expiry (expires_at)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
]
