import type { Refusal } from '../../errors.ts'
import { refusalAt } from '../place.ts'
import { keepOnly, type MigrationFile, type Range, type Script } from './migration-file.ts'
import { inNumberOrder } from './numbered.ts'

const MARK = /^--[^\S\n]*\+goose[^\S\n]+(\S.*)$/gm

/** goose marks what to run: `-- +goose Up` and `-- +goose Down`. */
export function isGoose({ text }: MigrationFile): boolean {
  return /^--[^\S\n]*\+goose[^\S\n]+Up\b/m.test(text)
}

/**
 * The up parts in the order of the numbers before the names.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR as `inNumberOrder`, SQL_SYNTAX for marks that do not belong together.
 */
export function orderGoose(files: readonly MigrationFile[]): Script[] {
  return inNumberOrder(files.filter(({ name }) => /\.sql$/i.test(name))).map(toScript)
}

function toScript({ path, text }: MigrationFile): Script {
  const refuse = (offset: number, what: string): Refusal =>
    refusalAt('SQL_SYNTAX', what, { text, offset, file: path }, 'Mend the marks of goose.')
  const marks = [...text.matchAll(MARK)].map(({ 1: mark = '', index }) => ({
    mark: mark.trim(),
    index,
  }))
  const find = (wanted: string) => marks.find(({ mark }) => mark === wanted)?.index
  const up = find('Up')
  if (up === undefined) throw refuse(0, 'there is no mark +goose Up')
  const down = find('Down') ?? text.length
  if (down < up) throw refuse(down, 'the mark +goose Down stands before +goose Up')
  const variables = find('ENVSUB ON')
  if (variables !== undefined) throw refuse(variables, 'variables cannot be filled in')
  const whole = marks
    .filter(({ mark, index }) => mark === 'StatementBegin' && index > up && index < down)
    .map(({ index }): Range => {
      const end = marks.find(({ mark, index: at }) => mark === 'StatementEnd' && at > index)
      if (!end) throw refuse(index, 'there is no mark +goose StatementEnd after this')
      return { start: index, end: end.index }
    })
  return { file: path, text: keepOnly(text, { start: up, end: down }), whole }
}
