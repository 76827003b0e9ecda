import { schemaFromSql } from '../../src/schema/parse.ts'

/** A column or any other line of a table; what begins with a capital letter or a backtick stands as it is. */
type Item = string
export type Tables = Readonly<Record<string, readonly Item[] | string>>

export const TAIL = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin'

/** Tables by name: their columns (`a int`) and other lines; what comes after the lines follows `---`. Or a view's text. */
export function schema(definitions: Tables) {
  const texts = Object.entries(definitions).map(([name, items]) => {
    if (typeof items === 'string') return [name, items]
    const end = items.indexOf('---')
    const lines = (end === -1 ? items : items.slice(0, end)).map((item) =>
      item.replace(/^[a-z]\w*/, (column) => `\`${column}\``),
    )
    const tail = end === -1 ? TAIL : items.slice(end + 1).join(' ')
    return [name, `CREATE TABLE \`${name}\` (\n  ${lines.join(',\n  ')}\n) ${tail}`]
  })
  return schemaFromSql(Object.fromEntries(texts))
}

export const ID = [
  'id int NOT NULL',
  'a int DEFAULT NULL',
  'b int DEFAULT NULL',
  'PRIMARY KEY (`id`)',
]
/** The table `t` with more lines. */
export const t = (...more: string[]): Tables => ({ t: [...ID, ...more] })
