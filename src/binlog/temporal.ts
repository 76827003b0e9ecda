import type { ValueReader } from './key.ts'

/** How many bytes the fraction of a second takes, by its digits. */
export function fractionSize(digits: number): number {
  return (digits + 1) >> 1
}

/** DATE: three bytes, the lowest first: 5 bits day, 4 bits month, 15 bits year. */
export function readDate(bytes: Buffer, offset: number): string {
  const packed = bytes.readUIntLE(offset, 3)
  return printDate(packed >> 9, (packed >> 5) & 15, packed & 31)
}

/** DATETIME: 1 bit sign, 17 bits year × 13 + month, 5 bits each day and hour, 6 bits each minute and second. */
export function readDatetime2(precision: number): ValueReader {
  return (bytes, offset) => {
    const days = bytes.readUIntBE(offset, 3)
    const clock = bytes.readUIntBE(offset + 2, 3)
    const months = (days >> 6) & 0x1ffff
    const date = printDate(Math.floor(months / 13), months % 13, (days >> 1) & 31)
    const time = printTime((clock >> 12) & 31, (clock >> 6) & 63, clock & 63)
    return `${date} ${time}${readFraction(bytes, offset + 5, precision)}`
  }
}

/** TIMESTAMP: seconds since 1970, and 0 for the date of zeros. */
export function readTimestamp2(precision: number): ValueReader {
  return (bytes, offset) => {
    const seconds = bytes.readUInt32BE(offset)
    const fraction = readFraction(bytes, offset + 4, precision)
    if (seconds === 0) return `0000-00-00 00:00:00${fraction}`
    return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') + fraction
  }
}

/**
 * TIME: 1 bit sign, 1 unused, 10 bits hour, 6 bits minute, 6 bits second, then the fraction; all of it one number
 * that is moved up by half its range, so that negative times sort first as bytes.
 */
export function readTime2(precision: number): ValueReader {
  const size = fractionSize(precision)
  const unit = 256 ** size
  const half = 0x800000 * unit
  return (bytes, offset) => {
    const packed = bytes.readUIntBE(offset, 3) * unit + readTail(bytes, offset + 3, size) - half
    const clock = Math.floor(Math.abs(packed) / unit)
    const time = printTime((clock >> 12) & 0x3ff, (clock >> 6) & 63, clock & 63)
    const fraction = printFraction(Math.abs(packed) % unit, precision)
    return `${packed < 0 ? '-' : ''}${time}${fraction}`
  }
}

function readFraction(bytes: Buffer, offset: number, precision: number): string {
  return printFraction(readTail(bytes, offset, fractionSize(precision)), precision)
}

function readTail(bytes: Buffer, offset: number, size: number): number {
  return size === 0 ? 0 : bytes.readUIntBE(offset, size)
}

/** The fraction is stored with an even number of digits. */
function printFraction(value: number, precision: number): string {
  if (precision === 0) return ''
  const stored = value.toString().padStart(2 * fractionSize(precision), '0')
  return `.${stored.slice(0, precision)}`
}

function printDate(year: number, month: number, day: number): string {
  return `${year.toString().padStart(4, '0')}-${two(month)}-${two(day)}`
}

function printTime(hour: number, minute: number, second: number): string {
  return `${two(hour)}:${two(minute)}:${two(second)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : value.toString()
}
