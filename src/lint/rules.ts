import { closestOf } from '../closest-word.ts'
import type { Level, Rule } from './rule.ts'
import { autoIncHeadroom } from './rules/auto-inc-headroom.ts'
import { blobInUniqueKey } from './rules/blob-in-unique-key.ts'
import { checkMayFail } from './rules/check-may-fail.ts'
import { collationMismatch } from './rules/collation-mismatch.ts'
import { copyCost } from './rules/copy-cost.ts'
import { deployOrder } from './rules/deploy-order.ts'
import { dropColumn } from './rules/drop-column.ts'
import { dropFk } from './rules/drop-fk.ts'
import { dropTable } from './rules/drop-table.ts'
import { duplicateEnumValue } from './rules/duplicate-enum-value.ts'
import { duplicateIndex } from './rules/duplicate-index.ts'
import { engineInnodbOnly } from './rules/engine-innodb-only.ts'
import { enumRemove } from './rules/enum-remove.ts'
import { enumReorder } from './rules/enum-reorder.ts'
import { fk } from './rules/fk.ts'
import { fkParentChange } from './rules/fk-parent-change.ts'
import { fkParentType } from './rules/fk-parent-type.ts'
import { float } from './rules/float.ts'
import { foreignKeysCircular } from './rules/foreign-keys-circular.ts'
import { foreignKeysNonexistentTable } from './rules/foreign-keys-nonexistent-table.ts'
import { foreignKeysUnresolved } from './rules/foreign-keys-unresolved.ts'
import { generatedColumnChange } from './rules/generated-column-change.ts'
import { inlineReferencesNoop } from './rules/inline-references-noop.ts'
import { instantPossible } from './rules/instant-possible.ts'
import { invalidCharset } from './rules/invalid-charset.ts'
import { invalidColumnReferencedInView } from './rules/invalid-column-referenced-in-view.ts'
import { invalidTableReferencedInView } from './rules/invalid-table-referenced-in-view.ts'
import { invisibleFirst } from './rules/invisible-first.ts'
import { lossyChange } from './rules/lossy-change.ts'
import { mixedCollations } from './rules/mixed-collations.ts'
import { nameCase } from './rules/name-case.ts'
import { nameLength } from './rules/name-length.ts'
import { noUniqueKey } from './rules/no-unique-key.ts'
import { notNullMayFail } from './rules/not-null-may-fail.ts'
import { notNullNoDefault } from './rules/not-null-no-default.ts'
import { pageLimit } from './rules/page-limit.ts'
import { partialKeyInUniqueKey } from './rules/partial-key-in-unique-key.ts'
import { pkChange } from './rules/pk-change.ts'
import { pkType } from './rules/pk-type.ts'
import { redundantIndex } from './rules/redundant-index.ts'
import { renameAsDropAdd } from './rules/rename-as-drop-add.ts'
import { renameHint } from './rules/rename-hint.ts'
import { repartition } from './rules/repartition.ts'
import { reservedWord } from './rules/reserved-word.ts'
import { rowSizeLimit } from './rules/row-size-limit.ts'
import { setRemove } from './rules/set-remove.ts'
import { setReorder } from './rules/set-reorder.ts'
import { suppression } from './rules/suppression.ts'
import { timestamp2038 } from './rules/timestamp-2038.ts'
import { tooManyIndexes } from './rules/too-many-indexes.ts'
import { triggerOnChange } from './rules/trigger-on-change.ts'
import { uniqueMayFail } from './rules/unique-may-fail.ts'
import { unsupportedFeature } from './rules/unsupported-feature.ts'
import { zeroDate } from './rules/zero-date.ts'

/** Every rule there is, in the order of docs/lint.md: first what looks at tables, then what looks at changes. */
export const RULES: readonly Rule[] = [
  noUniqueKey,
  engineInnodbOnly,
  unsupportedFeature,
  invalidCharset,
  mixedCollations,
  collationMismatch,
  duplicateEnumValue,
  blobInUniqueKey,
  partialKeyInUniqueKey,
  foreignKeysNonexistentTable,
  foreignKeysUnresolved,
  foreignKeysCircular,
  fkParentType,
  fk,
  inlineReferencesNoop,
  pkType,
  autoIncHeadroom,
  redundantIndex,
  duplicateIndex,
  tooManyIndexes,
  float,
  timestamp2038,
  zeroDate,
  reservedWord,
  nameCase,
  nameLength,
  rowSizeLimit,
  pageLimit,
  invalidTableReferencedInView,
  invalidColumnReferencedInView,
  dropTable,
  dropColumn,
  dropFk,
  renameAsDropAdd,
  lossyChange,
  notNullNoDefault,
  notNullMayFail,
  uniqueMayFail,
  checkMayFail,
  enumReorder,
  enumRemove,
  setReorder,
  setRemove,
  generatedColumnChange,
  pkChange,
  invisibleFirst,
  repartition,
  fkParentChange,
  triggerOnChange,
  deployOrder,
  instantPossible,
  copyCost,
  suppression,
  renameHint,
]

const byId: ReadonlyMap<string, Rule> = new Map(RULES.map((rule) => [rule.id, rule]))

/** Levels by the id of a rule, where they differ from the rule's own. */
export type Levels = Readonly<Record<string, Level>>

export function findRule(id: string): Rule | null {
  return byId.get(id) ?? null
}

/** Why `id` is no rule, in words that follow it. */
export function unknownRule(id: string): string {
  const meant = closestOf(id, byId.keys())
  return meant ? `is no rule; the nearest is ${meant}` : 'is no rule; docs/lint.md lists them'
}

export function levelOf(rule: Rule, levels: Levels): Level {
  return Object.hasOwn(levels, rule.id) ? (levels[rule.id] ?? rule.level) : rule.level
}
