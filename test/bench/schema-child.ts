import { lint } from '../../src/lint/lint.ts'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'
import type { Schema } from '../../src/schema/table.ts'
import { realisticTables } from './realistic-tables.ts'
import type { SchemaFigures } from './schema.ts'

const [count, source, ...urls] = process.argv.slice(2)

const texts = source === 'text' ? realisticTables(Number(count)) : null
const startedAt = performance.now()
const [from, wanted] = texts
  ? [texts.former, texts.wanted].map((tables) => schemaOf(tables.map(parseTable)))
  : await Promise.all(urls.map(read))
if (!from || !wanted) throw new Error('there is nothing to compare')

const steps = stepsOf(diffSchemas(from, wanted), { from, to: wanted })
const statements = steps.map((step) => ddlOf(step).statement)
const { findings } = lint({ wanted, from, sources: [], levels: {} })
const figures: SchemaFigures = {
  seconds: (performance.now() - startedAt) / 1000,
  mebibytes: process.resourceUsage().maxRSS / 1024,
  changes: statements.length,
  findings: findings.length,
}
process.stdout.write(JSON.stringify(figures))

async function read(url: string): Promise<Schema> {
  const target = parseTarget(url)
  await using session = await connect(target)
  return await readSchema(session, target.schema ?? '')
}
