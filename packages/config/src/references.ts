// `$$` comes first, so that its second half does not start a reference.
const REFERENCE =
  /\$\$|\$([A-Za-z0-9_]+)|\$[({][ \t\n\v\f\r]*([A-Za-z0-9_]+)(?=[ \t\n\v\f\r]*[)}?:])/g

/** The names that a value refers to with `$name` in any of its forms, as often as it does. */
export function referencesIn(value: string): string[] {
  return Array.from(value.matchAll(REFERENCE), ([, plain, bracketed]) => plain ?? bracketed).filter(
    (name) => name !== undefined,
  )
}
