import type { ReasonWithoutEffect } from './reasons-without-effect.ts'

/** What every row of the registry says. */
interface ParameterFields {
  /** One sentence for people. */
  readonly description: string
  /** First Postfix release that has it, when known. */
  readonly since?: string
  /** It is Posthouse's own: no release of Postfix has it. */
  readonly addition?: true
  /** Why nobody should set it any more. It is still accepted. */
  readonly obsolete?: string
  /** The parameter to set instead. */
  readonly renamedTo?: string
  /**
   * The value of a parameter that nothing sets: an expression, expanded like a value. Undefined
   * when it is found out at run time (G-20).
   */
  readonly default?: string
  /** Why setting it changes nothing in Posthouse. Absent when it takes effect, or is refused. */
  readonly withoutEffect?: ReasonWithoutEffect
  /**
   * The only values that Posthouse can honour so far, in lower case: `''` for an empty one, `0` for
   * a time. Others stop the start, because mail would be treated against the operator's will.
   */
  readonly supportedValues?: readonly string[]
}

/** `yes` or `no`. */
export interface BooleanParameter extends ParameterFields {
  readonly type: 'boolean'
  readonly default: string
}

/** A number of 32 bits, or of 64 for a `size` in bytes. Limits are inclusive. */
export interface IntegerParameter extends ParameterFields {
  readonly type: 'integer' | 'size'
  /** Of what, unless it is a plain count. A `size` is in bytes. */
  readonly unit?: 'bytes' | 'bytes/second' | 'digits' | 'percent'
  readonly default: string
  readonly min?: number
  readonly max?: number
}

/** A time with a unit. Limits are inclusive, in seconds; the value is in milliseconds. */
export interface TimeParameter extends ParameterFields {
  readonly type: 'time'
  readonly default: string
  readonly min?: number
  readonly max?: number
}

/** Any text. Limits are in bytes, after expansion. */
export interface StringParameter extends ParameterFields {
  readonly type: 'string'
  readonly min?: number
  readonly max?: number
  /** Nothing in main.cf or `-o` changes it. */
  readonly readOnly?: true
}

/** Words or patterns (`list`), or table references (`maps`). Limits as for a string. */
export interface ListParameter extends ParameterFields {
  readonly type: 'list' | 'maps'
  readonly min?: number
  readonly max?: number
  /** The words that the list may have, in any case (G-22). The value has them in lower case. */
  readonly words?: readonly string[]
}

/** A row of the registry. */
export type Parameter =
  | BooleanParameter
  | IntegerParameter
  | TimeParameter
  | StringParameter
  | ListParameter

/** Rows by parameter name. */
export type ParameterGroup = Readonly<Record<string, Parameter>>

/** What a value of each type is in the program. */
export interface ValueOfType {
  readonly boolean: boolean
  readonly integer: number
  /** Bytes. */
  readonly size: number
  /** Milliseconds. */
  readonly time: number
  readonly string: string
  readonly list: readonly string[]
  readonly maps: readonly string[]
}

/** The values of a group of rows. */
export type ValuesOf<Group extends ParameterGroup> = {
  readonly [Name in keyof Group]: ValueOfType[Group[Name]['type']]
}
