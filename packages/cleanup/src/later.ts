import type { Later } from '@posthouse/lookup-table'

/** Goes on with the value: at once if it is there. Its twin is in lookup-table. */
export function andThen<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Takes steps until one says that it was the last: at once, but for what a step waits for. */
export function repeat(step: () => Later<'more' | 'done'>): Later<undefined> {
  for (;;) {
    const result = step()
    if (result instanceof Promise) return repeatLater(result, step)
    if (result === 'done') return undefined
  }
}

// A loop, not a promise in a promise for each step: those would stay until the last one.
async function repeatLater(
  first: Promise<'more' | 'done'>,
  step: () => Later<'more' | 'done'>,
): Promise<undefined> {
  let result = await first
  while (result === 'more') {
    const next = step()
    result = next instanceof Promise ? await next : next
  }
}

/** Says that more steps follow once `pending` is over. */
export function more(pending: Promise<unknown> | undefined): Later<'more'> {
  return pending === undefined ? 'more' : pending.then(() => 'more' as const)
}
