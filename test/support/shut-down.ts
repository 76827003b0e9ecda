import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'

/** Ends a server in good order, as an operator does; `start` brings it back. */
export async function shutDown(server: ThrowawayServer): Promise<void> {
  const { pid } = server
  await using session = await connect(parseTarget(server.url()))
  await session.run(sql`SHUTDOWN`)
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
  await server.kill()
}

/** Starts a MySQL server on the data of one that is shut down, as another server. */
export async function startAsAnother(server: ThrowawayServer): Promise<void> {
  await rm(join(dirname(server.socketPath), 'data', 'auto.cnf'))
  await server.start()
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    // There is no such process any more.
    return false
  }
}
