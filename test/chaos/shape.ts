import { createHash } from 'node:crypto'
import type { Chance } from '../support/seeded-random.ts'
import type { Row, Value, WorkloadTable } from '../support/workload/ledger.ts'

/** A kind of table: how it is created, what is written to it, and what can be changed in it. */
type Shape = {
  readonly name: string
  /** The definition of its columns and keys. */
  readonly definition: string
  readonly key: (n: number) => Row
  readonly values: (random: () => number) => Row
  /** Each is a part of an ALTER that goes with every other one. */
  readonly changes: readonly string[]
}

/** A table of a round, and its change. */
export type ChaosTable = {
  readonly create: string
  readonly alter: string
  readonly workload: WorkloadTable & { readonly initial: (n: number) => Row }
}

const SHAPES: readonly Shape[] = [
  {
    name: 'orders',
    definition: `id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, total DECIMAL(10,2) NOT NULL DEFAULT 0,
      note VARCHAR(60) NULL, code VARCHAR(40) NOT NULL, seen_at DATETIME(3) NULL,
      legacy VARCHAR(20) NOT NULL DEFAULT 'kept', KEY (note)`,
    key: (n) => ({ id: n }),
    values: (random) => ({
      total: amount(random),
      note: note(random),
      code: unique(random),
      seen_at: moment(random),
    }),
    changes: [
      'MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT',
      'MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0',
      'MODIFY note VARCHAR(300) NULL FIRST',
      'MODIFY seen_at DATETIME(6) NULL',
      'DROP COLUMN legacy',
      "ADD COLUMN status VARCHAR(10) NOT NULL DEFAULT 'new'",
      'ADD UNIQUE KEY code_once (code)',
      'ADD KEY by_total (total)',
    ],
  },
  {
    name: 'tags',
    definition: `tenant INT NOT NULL, code VARCHAR(40) CHARACTER SET latin1 NOT NULL, weight INT NOT NULL,
      body TEXT CHARACTER SET utf8mb4, token CHAR(24) NOT NULL, spare INT NULL, PRIMARY KEY (tenant, code)`,
    key: (n) => ({ tenant: (n % 7) - 3, code: `T${(n * 7919) % 100_003}-${n}` }),
    values: (random) => ({
      weight: Math.floor(random() * 1e6) - 5e5,
      body: body(random),
      token: unique(random),
    }),
    changes: [
      'MODIFY code VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
      'MODIFY weight BIGINT NOT NULL',
      'MODIFY body MEDIUMTEXT CHARACTER SET utf8mb4',
      'DROP COLUMN spare',
      'ADD COLUMN added DECIMAL(8,2) NULL AFTER tenant',
      'ADD UNIQUE KEY token_once (token)',
      'ADD KEY (weight, tenant)',
    ],
  },
  {
    name: 'blobs',
    definition: `payload VARBINARY(200) NULL, uid BINARY(16) NOT NULL, size DOUBLE NOT NULL,
      mark CHAR(30) CHARACTER SET ascii NOT NULL, PRIMARY KEY (uid)`,
    key: (n) => ({ uid: createHash('md5').update(String(n)).digest() }),
    values: (random) => ({
      payload: bytes(random),
      size: Math.floor(random() * 1e9) / 8,
      mark: unique(random),
    }),
    changes: [
      'MODIFY payload VARBINARY(400) NULL',
      'MODIFY mark VARCHAR(60) CHARACTER SET utf8mb4 NOT NULL FIRST',
      'ADD COLUMN kind TINYINT NOT NULL DEFAULT 3',
      'ADD KEY (size)',
      'ADD UNIQUE KEY mark_once (mark)',
    ],
  },
  {
    name: 'events',
    definition: `day DATE NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind ENUM('a','b','c') NOT NULL,
      flags SET('x','y','z') NOT NULL, text VARCHAR(120) CHARACTER SET utf8mb4 NULL, PRIMARY KEY (day, seq)`,
    key: (n) => ({
      day: `2026-0${1 + (n % 9)}-1${n % 7}`,
      seq: (18_446_744_073_709_551_615n - BigInt(n)).toString(),
    }),
    values: (random) => ({
      kind: 'abc'[Math.floor(random() * 3)] ?? 'a',
      flags: random() < 0.5 ? 'x,z' : '',
      text: note(random),
    }),
    changes: [
      "MODIFY kind ENUM('a','b','c','d') NOT NULL",
      "MODIFY flags SET('x','y','z','w') NOT NULL",
      'MODIFY text VARCHAR(250) CHARACTER SET utf8mb4 NULL',
      'ADD COLUMN added_at TIMESTAMP(3) NULL',
      'ADD KEY (kind)',
      'DROP PRIMARY KEY, ADD PRIMARY KEY (seq, day)',
    ],
  },
]

/** One to three tables of different shapes, each with a change. */
export function drawTables(chance: Chance): readonly ChaosTable[] {
  const shapes = chance.some(SHAPES, 1).slice(0, chance.between(1, 3))
  return shapes.map((shape) => {
    const changes = chance.some(shape.changes, 1)
    const initialRows = chance.pick([0, 1, 300, 1000, 2500])
    const filled = Array.from({ length: initialRows }, () => shape.values(chance.random))
    return {
      create: `CREATE TABLE ${shape.name} (${shape.definition})`,
      alter: `ALTER TABLE ${shape.name} ${changes.join(', ')}`,
      workload: {
        name: shape.name,
        key: shape.key,
        values: shape.values,
        initialRows,
        initial: (n) => filled[n - 1] ?? {},
      },
    }
  })
}

function amount(random: () => number): string {
  return (Math.floor(random() * 1e8) / 100).toFixed(2)
}

function note(random: () => number): Value {
  return random() < 0.2 ? null : `é${Math.floor(random() * 1e6)}`
}

/** Never the same twice, so that a unique key can be introduced on it. */
function unique(random: () => number): string {
  return `${Math.floor(random() * 2 ** 32)}-${Math.floor(random() * 2 ** 32)}`
}

function moment(random: () => number): Value {
  const day = String(1 + Math.floor(random() * 28)).padStart(2, '0')
  return random() < 0.3
    ? null
    : `2026-02-${day} 03:04:05.${String(Math.floor(random() * 999)).padStart(3, '0')}`
}

function body(random: () => number): Value {
  return random() < 0.1 ? null : 'wörd '.repeat(Math.floor(random() * 60))
}

function bytes(random: () => number): Value {
  return Buffer.from(
    Array.from({ length: Math.floor(random() * 100) }, () => Math.floor(random() * 256)),
  )
}
