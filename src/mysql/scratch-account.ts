import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { connect, parseTarget } from './connect.ts'
import type { Session } from './session.ts'

const USER = 'crossfade_scratch'

/**
 * A session on a throwaway server whose account may do nothing but make scratch schemas and what is in them: texts of
 * strangers are run by it, and the server's files and settings are not theirs.
 */
export async function connectLimited(url: string): Promise<Session> {
  const target = parseTarget(url)
  const password = randomBytes(16).toString('hex')
  await using admin = await connect(target)
  // Both are made of our own letters and digits.
  await admin.run(sql.raw(`CREATE USER '${USER}'@'%' IDENTIFIED BY '${password}'`))
  await admin.run(sql.raw(`GRANT ALL ON \`crossfade\\_scratch\\_%\`.* TO '${USER}'@'%'`))
  return await connect({ ...target, schema: null, user: USER, password })
}
