import { AddressResolverError } from './errors.ts'

/** A calculation that stops at each answer that does not come at once. */
export type Lookup<T> = Generator<Promise<void>, T, void>

/** The answer, once it is there. */
export function* settled<T>(answer: T | Promise<T>): Lookup<T> {
  if (!(answer instanceof Promise)) return answer
  let result: { readonly value: T } | undefined
  yield answer.then((value) => {
    result = { value }
  })
  return result!.value // The promise was kept, or this would have thrown.
}

/** `error` itself, unless it is a failed lookup: then one that says of which parameter. */
export function withParameter(parameter: string, error: unknown): unknown {
  if (!(error instanceof AddressResolverError) || error.code !== 'lookup') return error
  return new AddressResolverError('lookup', error.message, { parameter, cause: error })
}

/** Runs to the end: at once when no table made it wait, else as a promise. */
export function runLookup<T>(lookup: Lookup<T>): T | Promise<T> {
  const first = lookup.next()
  return first.done ? first.value : settle(lookup, first.value)
}

async function settle<T>(lookup: Lookup<T>, first: Promise<void>): Promise<T> {
  let pending = first
  for (;;) {
    const step = await pending.then(
      () => lookup.next(),
      (error: unknown) => lookup.throw(error),
    )
    if (step.done) return step.value
    pending = step.value
  }
}
