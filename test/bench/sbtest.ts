import { sql } from 'kysely'
import type { Flavour } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'

/** Rows of one INSERT: a recursion of millions of rows needs a temporary table of its own. */
const SEED_ROWS = 50_000

/** Creates and fills sysbench's table: about 228 bytes per row, one secondary index, ids from 1 on without a gap. */
export async function createSbtest(
  session: Session,
  flavour: Flavour,
  rows: number,
): Promise<void> {
  await session.run(sql`CREATE TABLE sbtest (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0,
    c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k))`)
  const depth = flavour === 'mysql' ? 'cte_max_recursion_depth' : 'max_recursive_iterations'
  await session.run(sql`SET SESSION ${sql.raw(depth)} = 4294967295`)
  for (let from = 0; from < rows; from += SEED_ROWS) {
    const upTo = Math.min(rows, from + SEED_ROWS)
    await session.run(sql`INSERT INTO sbtest (id, k, c, pad)
      WITH RECURSIVE n (i) AS (SELECT ${sql.lit(from + 1)} UNION ALL SELECT i + 1 FROM n WHERE i < ${sql.lit(upTo)})
      SELECT i, FLOOR(RAND() * ${sql.lit(rows)}), LEFT(SHA2(i, 512), 120), SHA2(i, 224) FROM n`)
  }
}
