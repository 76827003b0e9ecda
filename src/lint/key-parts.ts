import type { Column, Key, Table } from '../schema/table.ts'

/** The columns of a key, in its order; expressions are left out. */
export function columnsOf({ parts }: Key): readonly string[] {
  return parts.flatMap((part) => (part.kind === 'column' ? [part.column] : []))
}

/** Column names do not tell upper from lower case. */
export function findColumn({ columns }: Table, name: string): Column | null {
  const folded = name.toLowerCase()
  return columns.find((column) => column.name.toLowerCase() === folded) ?? null
}

export function isUnique({ kind }: Key): boolean {
  return kind === 'primary' || kind === 'unique'
}

/** One text for each part: equal for parts that index the same in the same order. */
export function partTexts({ parts }: Key): readonly string[] {
  return parts.map((part) =>
    part.kind === 'column'
      ? `${part.column.toLowerCase()}(${part.length ?? ''})${part.descending ? ' desc' : ''}`
      : `(${part.expression})`,
  )
}

/** Is every part of `shorter` where `longer` has the same one? */
export function isLeftPrefix(shorter: Key, longer: Key): boolean {
  const theirs = partTexts(longer)
  return partTexts(shorter).every((part, at) => part === theirs[at])
}

/** What a key is in a sentence. */
export function keyWords({ kind }: Key): string {
  const words = {
    primary: 'primary key',
    unique: 'unique index',
    plain: 'index',
    fulltext: 'fulltext index',
    spatial: 'spatial index',
    vector: 'vector index',
  } as const
  return words[kind]
}
