/** `use` of a value: at once when it is there, else later. */
export function whenReady<Value, Result>(
  value: Value | Promise<Value>,
  use: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(use) : use(value)
}

/** `use` of several values: at once when all are there, else later. */
export function whenAllReady<Value, Result>(
  values: readonly (Value | Promise<Value>)[],
  use: (values: readonly Value[]) => Result | Promise<Result>,
): Result | Promise<Result> {
  const known = values.filter((value): value is Value => !(value instanceof Promise))
  return known.length === values.length ? use(known) : Promise.all(values).then(use)
}
