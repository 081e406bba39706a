import { constants, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { localZoneNames, MailDates } from '@posthouse/cleanup'
import type { Config } from '@posthouse/config'
import { dropMessage } from '@posthouse/postdrop'
import {
  runSendmail,
  SendmailError,
  type SendmailSystem,
  type SendmailUser,
  type SubmitReply,
} from '@posthouse/sendmail'

import { loadMainConfig, queueDirectoryOf } from '../load-configuration.ts'
import { domainMatcher } from '../match-lists.ts'
import { systemAccounts } from '../system-accounts.ts'
import { Tables } from '../tables.ts'
import { MessageInput } from './message-input.ts'
import { postdropSystem } from './postdrop.ts'
import { type HandedIn, NOT_STORED, submitToProgram } from './postdrop-program.ts'
import { findSetGidProgram, isAllowed, runInstead } from './set-gid.ts'
import { stderrLog } from './stderr-log.ts'
import type { ToolCall } from './tool-call.ts'

const LINE_ENDINGS = ['always', 'strict', 'never'] as const

/** sendmail(1). */
export function sendmail(call: ToolCall): Promise<number> {
  const input = new MessageInput((text) => new SendmailError(text))
  return runSendmail(call.args, {
    input,
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
    open: (directory = call.configDirectory) => {
      input.heedSignals()
      return openSystem(directory)
    },
    postqueue: async (args, configDirectory = call.configDirectory) => {
      const { postqueue } = await import('./postqueue.ts')
      return postqueue({ ...call, name: 'postqueue', args, configDirectory })
    },
    postalias: (map, directory = call.configDirectory) => postalias(map, directory),
    start: async (directory = call.configDirectory) => {
      const { start } = await import('../control.ts')
      await start(resolve(directory))
    },
  })
}

/** newaliases(1), which options can make anything else of, too. */
export function newaliases(call: ToolCall): Promise<number> {
  return sendmail({ ...call, args: ['-bi', ...call.args] })
}

async function openSystem(directory: string): Promise<SendmailSystem> {
  const log = stderrLog('sendmail')
  const config = loadMainConfig(directory)
  for (const warning of config.warnings) log.warning(warning)
  const user = callingUser()
  const dates = new MailDates(localZoneNames())
  const tables = new Tables()
  const isListed = domainMatcher('authorized_submit_users', { config, log }, tables)
  const maySubmit = await isListed(user.name ?? 'unknown')
  tables.close()
  return {
    user,
    maySubmit,
    lineLengthLimit: config.line_length_limit,
    headerSizeLimit: config.header_size_limit,
    headerAddressTokenLimit: config.header_address_token_limit,
    fixLineEndings: lineEndings(config.sendmail_fix_line_endings),
    defaultVerpDelimiters: config.default_verp_delimiters,
    verpDelimiterFilter: config.verp_delimiter_filter,
    smtp: {
      hostname: config.myhostname,
      mailName: config.mail_name,
      maxMessageBytes: config.message_size_limit,
      smtputf8: config.smtputf8_enable,
      date: () => dates.header(Date.now()),
    },
    submit: (records, created) => submit({ records, created }, config, directory),
  }
}

function callingUser(): SendmailUser {
  const id = process.getuid?.() ?? 0
  const account = systemAccounts().userById(id)
  // Of whatever encoding: the files are read as bytes.
  const comment = account && Buffer.from(account.fullName, 'latin1').toString()
  return { id, name: account?.name, fullName: process.env['NAME'] ?? comment }
}

/** There is none of our own: nothing here reads aliases. */
async function postalias(map: string | undefined, directory: string): Promise<number> {
  const config = loadMainConfig(directory)
  const maps = map === undefined ? config.alias_database : [map]
  if (maps.length === 0) return 0
  const path = join(config.command_directory, 'postalias')
  if (isAllowed(path, constants.X_OK)) return runInstead({ path }, maps, directory)
  throw new Error(
    `cannot build ${maps.join(', ')}: this mail system has no local delivery that reads it, ` +
      `and there is no postalias in command_directory (${config.command_directory})`,
  )
}

function lineEndings(value: string): SendmailSystem['fixLineEndings'] {
  const known = LINE_ENDINGS.find((word) => word === value)
  if (known !== undefined) return known
  throw new Error(`bad sendmail_fix_line_endings value: ${value}: expected always, strict or never`)
}

/**
 * Puts the message into the maildrop directory, if this user may. Else has a postdrop do it that
 * is set-gid, which a program that Node runs cannot be: that of Postfix, or our own, which is
 * compiled where it is installed.
 */
async function submit(message: HandedIn, config: Config, directory: string): Promise<SubmitReply> {
  const maildrop = join(queueDirectoryOf(config.settings), 'maildrop')
  if (!isAllowed(maildrop, constants.W_OK) && existsSync(maildrop)) {
    return submitToProgram(findSetGidProgram('postdrop', config), message, directory)
  }
  const log = stderrLog('postdrop')
  const warn = (warning: string): void => log.warning(warning)
  const system = { ...postdropSystem(config, log), warn }
  const result = await dropMessage(message.records, system, message.created)
  if (result.kind === 'stored') return result
  return { kind: 'refused', reason: (result.kind === 'refused' && result.reason) || NOT_STORED }
}
