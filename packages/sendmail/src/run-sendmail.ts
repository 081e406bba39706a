import { encodeAddress } from '@posthouse/mail-address'

import { recipientsOf, senderOf } from './address-arguments.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { SendmailError } from './errors.ts'
import type { SendmailPorts, SendmailSystem, SubmitReply } from './ports.ts'
import { SmtpSession } from './smtp-session.ts'
import { probeRecords, type Submission, submissionRecords } from './submission.ts'

/** EX_TEMPFAIL, whatever is wrong (F-82). */
const FAILURE = 75
const TRACE_PROBE = 512
const TRACE_REPORT = 1024

/**
 * sendmail(1): hands a message in, or does what its other modes are for.
 *
 * @param args The arguments, without the name of the program.
 * @returns the exit status.
 */
export async function runSendmail(args: readonly string[], ports: SendmailPorts): Promise<number> {
  const say = (text: string): void => ports.stderr(Buffer.from(`sendmail: ${text}\n`))
  const warn = (text: string): void => say(`warning: ${text}`)
  try {
    const line = parseCommandLine(args, warn)
    return await work(line, ports, warn)
  } catch (error) {
    if (!(error instanceof SendmailError)) throw error
    for (const text of error.lines) say(text)
    return FAILURE
  }
}

async function work(
  line: CommandLine,
  ports: SendmailPorts,
  warn: (text: string) => void,
): Promise<number> {
  const { mode, target, configDirectory } = line
  const postqueue = (...args: string[]) => ports.postqueue(args, configDirectory)
  switch (mode) {
    case 'submit':
    case 'probe':
      await submit(line, ports, warn)
      return 0
    case 'list':
      return postqueue('-p')
    case 'flush':
      return postqueue('-f')
    case 'flush-id':
      return postqueue('-i', target)
    case 'flush-site':
      return postqueue('-s', target)
    case 'daemon':
      await forUser(() => ports.start(configDirectory))
      return 0
    case 'aliases':
      return forUser(() => ports.postalias(line.aliasMap, configDirectory))
    case 'stand-alone':
      await serveSmtp(line, ports, warn)
      return 0
    case 'none':
      return 0
  }
}

/** Errors of `work` are for the user, but for bugs. */
async function forUser<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SendmailError) throw error
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw new SendmailError(error instanceof Error ? error.message : String(error))
  }
}

/** F-93. */
async function serveSmtp(
  line: CommandLine,
  ports: SendmailPorts,
  warn: (text: string) => void,
): Promise<void> {
  const system = await openForSubmission(line, ports)
  const reply = (text: string): void => ports.stdout(encodeAddress(`${text}\r\n`))
  const session = new SmtpSession(system, { input: ports.input, reply, warn })
  await forUser(() => session.run())
}

async function openForSubmission(line: CommandLine, ports: SendmailPorts): Promise<SendmailSystem> {
  const system = await forUser(() => ports.open(line.configDirectory))
  const { user } = system
  if (system.maySubmit) return system
  const who = `${user.name ?? 'unknown'}(${user.id})`
  throw new SendmailError(`User ${who} is not allowed to submit mail`)
}

async function submit(
  line: CommandLine,
  ports: SendmailPorts,
  warn: (text: string) => void,
): Promise<void> {
  const system = await openForSubmission(line, ports)
  const { user } = system
  const submission = submissionOf(line, system, warn)
  const { sender } = submission
  const reply = await replyTo(submission, line, system, ports).catch((error: unknown) => {
    if (!(error instanceof SendmailError)) throw error
    throw new SendmailError(`${sender}(${user.id}): ${error.message}`)
  })
  if (reply.kind === 'refused') throw new SendmailError(`${sender}(${user.id}): ${reply.reason}`)
  if (submission.traceFlags !== 0) {
    const text = `Mail Delivery Status Report will be mailed to <${sender}>.\n`
    ports.stdout(Buffer.from(text))
  }
}

async function replyTo(
  submission: Submission,
  line: CommandLine,
  system: SendmailSystem,
  { input }: SendmailPorts,
): Promise<SubmitReply> {
  const { operands, ignoresDots, readsRecipients } = line
  if (operands.length === 0 && !readsRecipients) {
    const how = 'on the command line or via the -t option'
    throw new SendmailError(`Recipient addresses must be specified ${how}`)
  }
  if (submission.verpDelimiters !== undefined && submission.sender === '') {
    throw new SendmailError('-V option requires non-null sender address')
  }
  const records =
    line.mode === 'probe'
      ? one(probeRecords(submission, operands))
      : submissionRecords(submission, input, { ...system, ignoresDots, readsRecipients })
  return forUser(() => system.submit(records))
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

function submissionOf(
  line: CommandLine,
  system: SendmailSystem,
  warn: (text: string) => void,
): Submission {
  const { rewriteContext, sendOptions, notify, returnFlags, envelopeId, encoding } = line
  return {
    sender: line.sender === undefined ? loginOf(system) : senderOf(line.sender, warn),
    recipients: recipientsOf(line.operands),
    fullName: line.fullName ?? system.user.fullName,
    rewriteContext,
    sendOptions,
    notify,
    returnFlags,
    envelopeId,
    encoding,
    traceFlags: line.mode === 'probe' ? TRACE_PROBE : line.isTraced ? TRACE_REPORT : 0,
    verpDelimiters: verpDelimiters(line, system),
  }
}

function loginOf({ user }: SendmailSystem): string {
  if (user.name !== undefined) return user.name
  throw new SendmailError(`no account of user id ${user.id}: name the sender with -f`)
}

function verpDelimiters(line: CommandLine, system: SendmailSystem): string | undefined {
  if (line.verpDelimiters === undefined) return undefined
  const { verpDelimiterFilter: filter } = system
  const delimiters = line.verpDelimiters || system.defaultVerpDelimiters
  if (delimiters.length === 2 && [...delimiters].every((one) => filter.includes(one))) {
    return delimiters
  }
  throw new SendmailError(`-V requires two characters from ${filter}`)
}
