import type { RecordingSink } from './recording-sink.ts'

const CR = 0x0d
const LF = 0x0a
const END = Buffer.from('\r\n.\r\n')

/**
 * What a receiver could take for more than was meant, in all bytes that a sink got: a line end that
 * is none (RFC 5321 2.3.8), and ends of data that are no message's.
 *
 * @param bareCr CR without LF is let pass.
 */
export function wireFaults(sink: RecordingSink, bareCr: boolean): string[] {
  const faults = [...sink.faults]
  for (const { chunks, messageCount } of sink.sessions) {
    const bytes = Buffer.concat(chunks)
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      if (bytes[at - 1] !== CR) faults.push(`bare LF in ${around(bytes, at)}`)
    }
    for (let at = bytes.indexOf(CR); at >= 0 && !bareCr; at = bytes.indexOf(CR, at + 1)) {
      if (bytes[at + 1] !== LF) faults.push(`bare CR in ${around(bytes, at)}`)
    }
    const ends = count(bytes, END)
    if (ends !== messageCount) faults.push(`${ends} ends of data for ${messageCount} messages`)
  }
  return faults
}

function count(bytes: Buffer, wanted: Buffer): number {
  let found = 0
  // The CRLF at the end of one may be that at the start of the next.
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found += 1
  return found
}

function around(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.toString('latin1', Math.max(0, at - 30), at + 30))
}

/** How a strict receiver reads MAIL or RCPT: the path in internal form, and the parameters. */
export interface StrictPath {
  readonly address: string
  readonly parameters: readonly string[]
}

const PATH = /^(?:MAIL FROM|RCPT TO):<(?:("(?:[^"\\]|\\.)*"|[^\s"<>@()[\],;:\\]+)@([^\s<>@"]+))?>/s
const PARAMETER = /^[A-Z0-9][A-Z0-9-]*(?:=[!-<>-~\x80-\xff]+)?$/

/** RFC 5321 4.1.2, but for 8-bit and control characters, which pass. Undefined: to be refused. */
export function strictPath(command: string): StrictPath | undefined {
  const match = PATH.exec(command)
  if (match === null) return undefined
  const [path, localPart, domain] = match
  const rest = command.slice(path.length)
  const parameters = rest === '' ? [] : rest.slice(1).split(' ')
  if (rest !== '' && !rest.startsWith(' ')) return undefined
  if (parameters.some((parameter) => !PARAMETER.test(parameter))) return undefined
  if (localPart === undefined || domain === undefined) return { address: '', parameters }
  const isQuoted = localPart.startsWith('"')
  const local = isQuoted ? localPart.slice(1, -1).replace(/\\(.)/gs, '$1') : localPart
  return { address: `${local}@${domain}`, parameters }
}
