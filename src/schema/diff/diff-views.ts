import type { Schema } from '../table.ts'
import { asInvokers, isInvokers, type View } from '../view/view.ts'

/** The change of one view. */
export type ViewChange =
  | { readonly kind: 'create_view'; readonly to: View }
  | { readonly kind: 'replace_view'; readonly from: View; readonly to: View }
  | { readonly kind: 'drop_view'; readonly from: View }

/**
 * What turns the views of `from` into those of `to`. Views that go come first, each before what it reads, so that
 * nothing is in the way of a table of that name; the others are for after the change of the tables, each after what
 * it reads.
 */
export function diffViews(
  from: Schema,
  to: Schema,
): { readonly dropped: readonly ViewChange[]; readonly made: readonly ViewChange[] } {
  const wanted = withRightsOf(to, from)
  const gone = [...from.views.values()].filter(({ name }) => !to.views.has(name))
  return {
    dropped: usedFirst(gone)
      .toReversed()
      .map((view) => ({ kind: 'drop_view', from: view }) as const),
    made: usedFirst([...wanted.views.values()]).flatMap((view) => changesTo(view, from)),
  }
}

function changesTo(to: View, { views }: Schema): readonly ViewChange[] {
  const from = views.get(to.name)
  if (!from) return [{ kind: 'create_view', to }]
  return from.sql === to.sql ? [] : [{ kind: 'replace_view', from, to }]
}

/**
 * `wanted` with the rights that its views will have where `live` is. A view that says nothing, or SQL SECURITY DEFINER, keeps
 * what is live; a new one gets the rights of those who read it: made by us with those of its definer, it would show to all
 * who may read it what the account of the deployment may read.
 */
export function withRightsOf(wanted: Schema, live: Schema): Schema {
  const settled = [...wanted.views.values()].map((view) => {
    const before = live.views.get(view.name)
    return before && !isInvokers(before) ? view : asInvokers(view)
  })
  return { ...wanted, views: new Map(settled.map((view) => [view.name, view])) }
}

/** Views so that each stands after the views it reads; of those that can stand next, the first by name. */
export function usedFirst(views: readonly View[]): readonly View[] {
  const waiting = new Map(views.map((view) => [view.name, view]))
  const ordered: View[] = []
  const place = (name: string) => {
    const view = waiting.get(name)
    if (!view) return
    waiting.delete(name)
    for (const used of view.uses) place(used)
    ordered.push(view)
  }
  for (const { name } of views) place(name)
  return ordered
}
