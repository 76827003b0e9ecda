import { isDbmate, orderDbmate } from './dbmate.ts'
import { isDrizzle, orderDrizzle } from './drizzle.ts'
import { isFlyway, orderFlyway } from './flyway.ts'
import { isGolangMigrate, orderGolangMigrate } from './golang-migrate.ts'
import { isGoose, orderGoose } from './goose.ts'
import { type MigrationFile, type Script, scriptOf } from './migration-file.ts'
import { inNumberOrder, isNumbered } from './numbered.ts'
import { isPrisma, orderPrisma } from './prisma.ts'
import { isStructureDump, orderStructureDump } from './structure-dump.ts'
import { unclear } from './unclear.ts'

/** How a migration tool names, marks and orders its files. */
export type Layout = {
  readonly tool: string
  /** Whether a file can only be of this tool. */
  readonly owns: (file: MigrationFile) => boolean
  /** What is run, in the order in which the tool runs it on an empty database. */
  readonly order: (files: readonly MigrationFile[]) => Script[]
}

const LAYOUTS: readonly Layout[] = [
  { tool: 'Prisma', owns: isPrisma, order: orderPrisma },
  { tool: 'Drizzle', owns: isDrizzle, order: orderDrizzle },
  { tool: 'golang-migrate', owns: isGolangMigrate, order: orderGolangMigrate },
  { tool: 'Flyway', owns: isFlyway, order: orderFlyway },
  { tool: 'dbmate', owns: isDbmate, order: orderDbmate },
  { tool: 'goose', owns: isGoose, order: orderGoose },
]

const NUMBERED: Layout = {
  tool: 'numbered files',
  owns: isNumbered,
  order: (files) => inNumberOrder(files.filter(isSql)).map(scriptOf),
}

const DUMP: Layout = { tool: 'a dump', owns: isStructureDump, order: orderStructureDump }

/** One file of an application's own, such as `schema.sql`: what it says from top to bottom. */
const SCRIPT: Layout = {
  tool: 'a script',
  owns: isSql,
  order: (files) => files.filter(isSql).map(scriptOf),
}

/** Statements that no folder of definitions has. */
const CHANGES =
  /(?:^|;)\s*(?:ALTER|DROP|RENAME|TRUNCATE|INSERT|UPDATE|DELETE|CREATE\s+(?:(?:UNIQUE|FULLTEXT|SPATIAL)\s+)?INDEX)\b/im

/** What a dump or a script says of the schema that it is for; `judge` sees to it that this is one. */
const CHOOSES_SCHEMA = /(?:^|;)\s*(?:USE\s+[^\s;]+\s*(?:;|$)|CREATE\s+(?:DATABASE|SCHEMA)\b)/im

/** Others, which a single file may hold beside its definitions by mistake, and is then told so. */
const OTHERS =
  /(?:^|;)\s*(?:CALL|PREPARE|REPLACE\s+INTO|CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|DATABASE|SCHEMA))\b/im

/**
 * Whether files are migrations rather than definitions: a tool shows, or they are one file or numbered and change what was
 * there before.
 * Where it is neither, reading them as definitions gives the same or a refusal.
 */
export function areMigrations(files: readonly MigrationFile[]): boolean {
  if (LAYOUTS.some(({ owns }) => files.some(owns))) return true
  const scripts = files.filter(isSql)
  const [script, ...others] = scripts
  if (script && others.length === 0) {
    return (
      isStructureDump(script) || [CHANGES, CHOOSES_SCHEMA].some((shown) => shown.test(script.text))
    )
  }
  return (
    scripts.every(isNumbered) && scripts.some(({ text }) => CHANGES.test(text) || OTHERS.test(text))
  )
}

/**
 * The layout of a migrations folder.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR when files of several tools lie in it, or when nothing says in which order they run.
 */
export function findLayout(files: readonly MigrationFile[], folder: string): Layout {
  const shown = LAYOUTS.flatMap(({ tool, owns, order }) => {
    const file = files.find(owns)
    return file ? [{ file, layout: { tool, owns, order } }] : []
  })
  const [first, second] = shown
  if (first && second) {
    throw unclear(
      `${first.file.path} is of ${first.layout.tool} and ${second.file.path} is of ${second.layout.tool}.`,
      'Name the folder of one of them.',
    )
  }
  if (first) return first.layout
  refuseChangelog(files)
  if (files.some(isStructureDump) && !files.filter(isSql).every(isNumbered)) return DUMP
  if (files.some(isNumbered)) return NUMBERED
  if (files.filter(isSql).length === 1) return SCRIPT
  throw unclear(
    `Nothing in ${folder} says in which order the files are run.`,
    'Name the folder of Prisma, Drizzle, Flyway, dbmate, goose or golang-migrate, number the files, or give a dump.',
  )
}

function isSql({ name }: MigrationFile): boolean {
  return /\.sql$/i.test(name)
}

function refuseChangelog(files: readonly MigrationFile[]): void {
  const changelog = files.find(({ text }) => /^--\s*liquibase formatted sql/im.test(text))
  if (!changelog) return
  throw unclear(
    `${changelog.path} is a changelog of Liquibase, whose order stands elsewhere.`,
    'Dump the schema that the changelog makes, and name the dump.',
  )
}
