import type { Accounts } from './accounts.ts'

/** Reads a whole file; throws the errors of `node:fs`, whose `code` is used. */
export type ReadFile = (path: string) => Uint8Array

/** What a program knows of itself and its machine: the source of run-time defaults (G-20). */
export interface Environment {
  /** Name of the machine, for the default of `myhostname`. */
  readonly hostname: string
  /** Directory that main.cf was read from: the value of `config_directory`. */
  readonly configDirectory: string
  /** Base name of the program: the value of `process_name`. */
  readonly processName: string
  readonly processId: number
  /** Name of the service in master.cf; the process name when there is none. */
  readonly serviceName?: string
  /**
   * Addresses of this machine with their prefix length, such as `192.0.2.1/24`, for the default of
   * `mynetworks`.
   */
  readonly interfaceAddresses: readonly string[]
  /** For `myorigin = /etc/mailname`. */
  readonly readFile: ReadFile
  /**
   * Users and groups of the machine: to be given by a program that changes its user. Absent:
   * `mail_owner`, `default_privs` and `setgid_group` are not checked.
   */
  readonly accounts?: Accounts
}
