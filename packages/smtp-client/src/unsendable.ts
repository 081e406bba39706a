import { type CommandOptions, fitsCommand } from './commands.ts'
import type { Failure } from './failure.ts'
import type { SmtpDelivery } from './request.ts'

const MISFIT = 'holds a line break, a null character, or an angle bracket that is not quoted'

/** Why a message cannot be sent to anybody, whatever the server; undefined if it can. */
export function unsendableMessage(
  { sender }: SmtpDelivery,
  options: CommandOptions,
): Failure | undefined {
  if (fitsCommand(sender, options)) return undefined
  return { kind: 'message', status: '5.1.7', text: `sender address ${MISFIT}` }
}

/** Why nothing can be sent to a recipient, whatever the server; undefined if it can. */
export function unsendableRecipient(address: string, options: CommandOptions): Failure | undefined {
  if (fitsCommand(address, options)) return undefined
  return { kind: 'recipient', status: '5.1.3', text: `recipient address ${MISFIT}` }
}
