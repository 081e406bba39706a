import { encodeXtext } from './dsn-parameters.ts'
import type { MessageOrigin } from './request.ts'
import type { OpeningCommand } from './transaction.ts'

const UNKNOWN = 'unknown'

/**
 * The commands that tell a server where a message came from: those of the attributes that it
 * announced, as far as they are known (C-76).
 *
 * @param announced Upper case.
 */
export function xforwardCommands(
  announced: readonly string[],
  origin: MessageOrigin,
): OpeningCommand[] {
  const client = { NAME: known(origin.name), ADDR: known(origin.address), PORT: known(origin.port) }
  const session = {
    PROTO: known(origin.protocol),
    HELO: origin.helo,
    IDENT: origin.ident,
    SOURCE: origin.isLocal ? 'LOCAL' : 'REMOTE',
  }
  const commands: OpeningCommand[] = []
  const add = (command: OpeningCommand['command'], values: Record<string, string>): void => {
    const told = Object.entries(values).filter(
      ([name, value]) => value !== '' && announced.includes(name),
    )
    if (told.length === 0) return
    const words = told.map(([name, value]) => `${name}=${encodeXtext(value)}`)
    commands.push({ command, text: `XFORWARD ${words.join(' ')}` })
  }
  add('XFORWARD name/address command', client)
  add('XFORWARD helo/protocol command', session)
  return commands
}

function known(value: string): string {
  return value === UNKNOWN ? '' : value
}
