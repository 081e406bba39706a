import type { SaslOptions } from './sasl-options.ts'

/** Who logs in. */
export interface Login {
  readonly user: string
  readonly password: string
}

/**
 * Who logs in to a server for a message: by sender, by the server's name, by destination (C-67).
 * Undefined if nobody does. Throws what the tables throw.
 *
 * @param sender Internal form.
 * @param destination as written, with brackets and port.
 */
export async function findLogin(
  options: SaslOptions,
  sender: string,
  serverName: string,
  destination: string,
): Promise<Login | undefined> {
  const { passwords, passwordsOfSenders, delimiter } = options
  let value = sender === '' ? undefined : await passwordsOfSenders?.(sender)
  value ??= await passwords(serverName)
  value ??= await passwords(destination)
  if (value === undefined) return undefined
  const at = value.indexOf(delimiter)
  if (at < 0) return { user: value, password: '' }
  return { user: value.slice(0, at), password: value.slice(at + delimiter.length) }
}
