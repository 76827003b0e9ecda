import { type RawBuilder, sql } from 'kysely'

/** What a plan is looked at with besides its statements, and what a submission holds besides both schemas. */
export const statements: readonly RawBuilder<unknown>[] = [
  sql`CREATE TABLE IF NOT EXISTS review (
    deploy_request_id BIGINT NOT NULL,
    plan_digest CHAR(64) NOT NULL,
    body LONGTEXT NOT NULL,
    updated_at DATETIME(3) NOT NULL,
    PRIMARY KEY (deploy_request_id, plan_digest)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  sql`CREATE TABLE IF NOT EXISTS submission_detail (
    deploy_request_id BIGINT NOT NULL,
    body LONGTEXT NOT NULL,
    PRIMARY KEY (deploy_request_id)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
]
