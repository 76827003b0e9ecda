/** One figure of a benchmark, as it was measured in this run. */
export type Measurement = {
  readonly work: string
  readonly value: number
  readonly unit: 's' | 'ms' | 'rows/s' | 'writes' | 'errors' | 'MiB'
  readonly note: string
}

/** The figures as a table for people. */
export function printTable(measured: readonly Measurement[]): string {
  const width = Math.max(...measured.map(({ work }) => work.length))
  return measured
    .map(({ work, value, unit, note }) => {
      const figure = value.toLocaleString('en', { maximumFractionDigits: 1 })
      return `${work.padEnd(width)}  ${figure.padStart(10)} ${unit.padEnd(7)} ${note}\n`
    })
    .join('')
}
