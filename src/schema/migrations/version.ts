/** A version as tools compare it: part by part, as numbers; 1.2 is 1.2.0, and 007 is 7. */
export type Version = readonly bigint[]

/** Reads digits parted by `.`, `_` or `-`. */
export function parseVersion(text: string): Version {
  return text.split(/[._-]/).map((part) => BigInt(part))
}

/** Negative when `a` comes before `b`, 0 when they are the same version. */
export function compareVersions(a: Version, b: Version): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at] ?? 0n, b[at] ?? 0n]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
