import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Config } from '@posthouse/config'
import { dropMessage, parseReplies } from '@posthouse/postdrop'
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
import { findSetGidProgram, isAllowed, type SetGidProgram } from './set-gid.ts'
import { stderrLog } from './stderr-log.ts'
import type { ToolCall } from './tools.ts'

const LINE_ENDINGS = ['always', 'strict', 'never'] as const
const NOT_STORED = 'queue file write error' // F-17.

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
    start: async (directory = call.configDirectory) => {
      const { start } = await import('../control.ts')
      await start(resolve(directory))
    },
  })
}

async function openSystem(directory: string): Promise<SendmailSystem> {
  const log = stderrLog('sendmail')
  const config = loadMainConfig(directory)
  for (const warning of config.warnings) log.warning(warning)
  const user = callingUser()
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
    submit: (records) => submit(records, config, directory),
  }
}

function callingUser(): SendmailUser {
  const id = process.getuid?.() ?? 0
  const account = systemAccounts().userById(id)
  // Of whatever encoding: the files are read as bytes.
  const comment = account && Buffer.from(account.fullName, 'latin1').toString()
  return { id, name: account?.name, fullName: process.env['NAME'] ?? comment }
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
async function submit(
  records: AsyncIterable<Uint8Array>,
  config: Config,
  directory: string,
): Promise<SubmitReply> {
  const maildrop = join(queueDirectoryOf(config.settings), 'maildrop')
  if (!isAllowed(maildrop, constants.W_OK) && existsSync(maildrop)) {
    return runForeignPostdrop(findSetGidProgram('postdrop', config), records, directory)
  }
  const log = stderrLog('postdrop')
  const warn = (warning: string): void => log.warning(warning)
  const result = await dropMessage(records, { ...postdropSystem(config, log), warn })
  if (result.kind === 'stored') return result
  return { kind: 'refused', reason: (result.kind === 'refused' && result.reason) || NOT_STORED }
}

async function runForeignPostdrop(
  { path, isExecutable, problem }: SetGidProgram,
  records: AsyncIterable<Uint8Array>,
  directory: string,
): Promise<SubmitReply> {
  const need = 'users like this one need a set-gid postdrop in command_directory'
  const advice = `${need}: ${path}: ${problem}`
  if (!isExecutable) throw new SendmailError(advice)
  const child = spawn(path, ['-r'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, MAIL_CONFIG: resolve(directory) },
  })
  const ended = once(child, 'close')
  const output = text(child.stdout)
  let failure: unknown
  await pipeline(Readable.from(records), child.stdin).catch((error: NodeJS.ErrnoException) => {
    // It has seen enough, and its reply says why; what `records` threw is the user's.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') failure = error
  })
  await ended
  if (failure !== undefined) throw failure
  const reply = parseReplies(await output)
  if (reply?.status === 0) return { kind: 'stored' }
  if (reply === undefined && problem !== undefined) throw new SendmailError(advice)
  return { kind: 'refused', reason: reply?.reason || NOT_STORED }
}
