export type Unit = 's' | 'ms' | 'x' | 'rows/s' | 'keys/s' | 'errors' | 'MiB' | '%' | 'handles'

/** One figure of a benchmark, as it was measured in this run. */
export type Measurement = {
  readonly work: string
  /** null when it could not be measured; the note says why. */
  readonly value: number | null
  readonly unit: Unit
  readonly note: string
}

/** The figure in the middle of several rounds. */
export function median(values: readonly number[]): number {
  return values.toSorted((some, other) => some - other)[Math.floor(values.length / 2)] ?? 0
}

/** The figures as a table for people. */
export function printTable(measured: readonly Measurement[]): string {
  const width = Math.max(...measured.map(({ work }) => work.length))
  return measured
    .map(({ work, value, unit, note }) => {
      const figure = value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: 2 })
      return `${work.padEnd(width)}  ${figure.padStart(10)} ${unit.padEnd(7)} ${note}\n`
    })
    .join('')
}
