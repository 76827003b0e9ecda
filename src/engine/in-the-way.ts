import type { NewEvent } from './lifecycle.ts'

/** Why a swap is held up after an event, by why it was before: a comparison and a number change nothing of that. */
export function inTheWayAfter(event: NewEvent, before: string | null): string | null {
  if (event.event === 'cutover_retry') return event.reason
  return event.event === 'progress' || event.event === 'verified' ? before : null
}
