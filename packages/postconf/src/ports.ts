import type { Environment } from '@posthouse/config'

/** What `runPostconf` needs of its program and of the machine. */
export interface PostconfPorts {
  /** Its `configDirectory` is the one to use without `-c`: `MAIL_CONFIG`, or the built-in one. */
  readonly environment: Environment
  /** What `config_directory` is when nobody says otherwise: for `-d`. */
  readonly builtInDirectory: string
  /**
   * Replaces a file at once by what `edit` makes of its content, such as `replaceFile` with a
   * lock.
   */
  readonly replaceFile: (path: string, edit: (content: Uint8Array) => Uint8Array) => void
  /** For `-b` and `-t`. */
  readonly showBounceTemplates: ShowBounceTemplates
  /** For `-T`, such as `3.5.4`. */
  readonly opensslVersion: string
  /** For `-T`: lower-case names of what a certificate may be signed with, sorted. */
  readonly publicKeyAlgorithms: () => readonly string[]
  readonly stdout: (bytes: Uint8Array) => void
  readonly stderr: (bytes: Uint8Array) => void
}

/** Prints lines of the command: what was asked for, and messages about it. */
export interface Printer {
  readonly line: (text: string) => void
  /** Without `postconf: warning: `. */
  readonly warning: (text: string) => void
  /** Without `postconf: `. */
  readonly note: (text: string) => void
}

/** What `$name` in the text of a template stands for. */
export interface BounceTemplateValues {
  /** The value of a main.cf parameter, expanded; undefined for a name that nothing sets. */
  readonly parameter: (name: string) => string | undefined
  /** `delay_warning_time` */
  readonly delayWarningTimeSeconds: number
  /** `maximal_queue_lifetime` */
  readonly maximalQueueLifetimeSeconds: number
  /** `smtputf8_enable` */
  readonly smtputf8: boolean
}

/**
 * Shows all bounce templates: those of a file, or the built-in ones where `file` is undefined or
 * has none; their texts expanded where there are `values`, and else as they could be in a file. It
 * may throw what `values.parameter` throws.
 */
export type ShowBounceTemplates = (request: {
  readonly file: { readonly path: string; readonly content: Uint8Array } | undefined
  readonly values: BounceTemplateValues | undefined
}) => ShownBounceTemplates

/** What {@link ShowBounceTemplates} found. */
export interface ShownBounceTemplates {
  readonly text: string
  /** Without the word `warning`, to print first. */
  readonly warnings: readonly string[]
  /** What ends the command, without the word `fatal`. */
  readonly error: string | undefined
}
