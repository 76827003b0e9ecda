import { Refusal } from '../../errors.ts'
import { compareNames } from '../parse.ts'
import { refusalAt } from '../place.ts'
import { baseName, keepOnly, type MigrationFile, type Script } from './migration-file.ts'
import { requireOneFolder } from './numbered.ts'
import { unclear } from './unclear.ts'

const UP = /^--[^\S\n]*migrate:up(?:[^\S\n]*$|[^\S\n]+\S+)/m
const DOWN = /^--[^\S\n]*migrate:down(?:[^\S\n]*$|[^\S\n]+\S+)/m

/** dbmate marks what to run: `-- migrate:up`, with options after it, and `-- migrate:down`. */
export function isDbmate({ text }: MigrationFile): boolean {
  return UP.test(text)
}

/**
 * The up parts, in the order of the file names compared as text: so does dbmate, `10_b` runs before `2_a`.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR for a file without number or up part, SQL_SYNTAX for marks in the wrong order.
 */
export function orderDbmate(files: readonly MigrationFile[]): Script[] {
  const migrations = files.filter(({ name }) => /\.sql$/i.test(name))
  requireOneFolder(migrations)
  return migrations.toSorted((a, b) => compareNames(a.name, b.name)).map(toScript)
}

function toScript(file: MigrationFile): Script {
  const { path, text, name } = file
  const up = UP.exec(text)
  if (!up || !/^\d/.test(baseName(name))) throw passedOver(file)
  const down = DOWN.exec(text)
  if (down && down.index < up.index) throw downFirst(file, down.index)
  const before = text.slice(0, up.index).split('\n')
  const early = before.findIndex((line) => !/^\s*(?:--.*)?$/.test(line))
  if (early !== -1) {
    throw new Refusal(
      'SQL_SYNTAX',
      `${path}:${early + 1}:1: dbmate runs nothing before migrate:up.`,
      {
        next: 'Move the statement below the line with migrate:up.',
      },
    )
  }
  const end = down?.index ?? text.length
  return { file: path, text: keepOnly(text, { start: up.index, end }), whole: [] }
}

function downFirst({ path, text }: MigrationFile, offset: number): Refusal {
  const source = { text, offset, file: path }
  return refusalAt('SQL_SYNTAX', 'migrate:down stands before migrate:up', source, 'Swap the parts.')
}

function passedOver({ path }: MigrationFile): Refusal {
  return unclear(
    `${path} lacks ${'`-- migrate:up`'} or a number before its name, so dbmate does not run it.`,
    'Give it both, or move it elsewhere.',
  )
}
