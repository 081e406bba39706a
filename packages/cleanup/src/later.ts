import type { Later } from '@posthouse/lookup-table'

/** Goes on with the value: at once if it is there. Its twin is in lookup-table. */
export function andThen<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
