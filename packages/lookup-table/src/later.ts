/** A value now, or later if a table had to be asked that answers later. */
export type Later<T> = T | Promise<T>

/** Goes on with the value: at once if it is there. */
export function andThen<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
