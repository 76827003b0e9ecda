import { listed, named, type Rule } from '../rule.ts'

export const triggerOnChange: Rule = {
  id: 'trigger-on-change',
  level: 'warning',
  about: 'change',
  summary: 'A change touches a table that has triggers.',
  why: 'A trigger belongs to the table that it was made on. Crossfade changes a table by putting another one in its place, which would leave the trigger behind, so it refuses (`TRIGGER`). Triggers are no part of the schema files: what the files do not mention stays as it is.',
  fix: 'Drop the trigger before the deployment and make it again afterwards, while nothing depends on it, or let the application do its work.',
  *check(change, { from }) {
    if (change.kind === 'create') return
    const { name } = change.from
    const triggers = from.unmanaged.filter(
      ({ kind, table }) => kind === 'trigger' && table === name,
    )
    if (triggers.length === 0) return
    const which = listed(triggers.map((trigger) => named(trigger.name)))
    const has = triggers.length === 1 ? `has the trigger ${which}` : `has the triggers ${which}`
    yield { message: `The table ${named(name)} ${has}, so the deployment is refused.` }
  },
}
