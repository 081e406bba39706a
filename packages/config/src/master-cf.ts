import { unwrapBraces } from './balanced.ts'
import { ConfigError } from './errors.ts'
import { type InetServiceName, splitInetService } from './inet-service.ts'
import { type LogicalLine, readLogicalLines } from './logical-line.ts'
import { parseAssignment } from './main-cf.ts'
import { MasterFields, splitColumns, type Wakeup } from './master-fields.ts'

/** How clients reach a service (G-38). */
export type MasterServiceType = 'inet' | 'unix' | 'unix-dgram' | 'fifo' | 'pass'

/** One service of master.cf. */
export interface MasterService {
  /** As written: see {@link parseInetService} for those of type `inet`. */
  readonly name: string
  readonly type: MasterServiceType
  readonly private: boolean
  readonly unprivileged: boolean
  readonly chroot: boolean
  readonly wakeup: Wakeup
  /** Most processes; 0 is no limit, undefined means `default_process_limit`. */
  readonly processLimit: number | undefined
  /** File name relative to `daemon_directory`. */
  readonly command: string
  /** What follows the command, each without its outer braces (G-39); `-o` options included. */
  readonly args: readonly string[]
  /** The `-o` options among `args`, in order; the last of a name wins (G-33). Not expanded. */
  readonly overrides: readonly (readonly [name: string, value: string])[]
  readonly file: string
  /** First physical line, from 1. */
  readonly line: number
}

/** What master.cf says. */
export interface MasterCf {
  /** Path, for messages. */
  readonly file: string
  /** In order; of a repeated service the last entry. */
  readonly services: readonly MasterService[]
  /** Texts without the word `warning`: G-7, G-41. */
  readonly warnings: readonly string[]
  /** Texts to log as information: backwards-compatible defaults (G-37). */
  readonly notices: readonly string[]
}

/** What master.cf does not say itself. */
export interface MasterCfOptions {
  /** Path, for messages. */
  readonly file: string
  /** Whether `-` in the chroot column means yes: `compatibility_level` below 1 (G-37). */
  readonly chrootByDefault: boolean
  /** `known_tcp_ports`: such a name and its number are the same service (G-41). */
  readonly knownTcpPorts: ReadonlyMap<string, number>
  /** Whether a line is skipped, for its first two columns (G-42). Absent: none is. */
  readonly isDisabled?: (name: string, type: string) => boolean
  /**
   * What is wrong with the address of an `inet` service beyond its form, in the words of G-43.
   * Absent: nothing is.
   */
  readonly inetProblem?: (name: string, service: InetServiceName) => string | undefined
}

const TYPES: readonly MasterServiceType[] = ['inet', 'unix', 'unix-dgram', 'fifo', 'pass']

/**
 * Reads master.cf (rules G-37 to G-43). Nothing in it is expanded.
 *
 * Stricter than Postfix: a `-o` without `name=value` is an error here, and not only when the
 * service starts.
 *
 * @throws {ConfigError} `syntax`
 */
export function parseMasterCf(text: string, options: MasterCfOptions): MasterCf {
  const { lines, warnings } = readLogicalLines(text, options.file)
  const notes = [...warnings]
  const notices: string[] = []
  const services = new Map<string, MasterService>()
  for (const line of lines) {
    const service = parseLine(line, options, notices)
    if (service === undefined) continue
    const identity = serviceIdentity(service, options.knownTcpPorts)
    const key = `${service.type} ${identity}`
    const earlier = services.get(key)
    if (earlier !== undefined) {
      const subject = `duplicate master.cf entry for service "${earlier.name}"`
      notes.push(`${subject} (${identity}) -- using the last entry`)
      services.delete(key) // So that the order is that of the entries in use.
    }
    services.set(key, service)
  }
  return { file: options.file, services: [...services.values()], warnings: notes, notices }
}

function parseLine(
  line: LogicalLine,
  options: MasterCfOptions,
  notices: string[],
): MasterService | undefined {
  try {
    return parseService(line, options, notices)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError('syntax', `${options.file}: line ${line.line}: ${error.message}`, {
      file: options.file,
      line: line.line,
      value: error.value,
      expected: error.expected,
    })
  }
}

/** Undefined when the service is disabled: then the rest of its line does not matter. */
function parseService(
  { text, line }: LogicalLine,
  options: MasterCfOptions,
  notices: string[],
): MasterService | undefined {
  const { file, chrootByDefault } = options
  const fields = new MasterFields(splitColumns(text))
  const name = fields.text('service name')
  const typeName = fields.required('transport type')
  if (options.isDisabled?.(name, typeName)) return undefined
  const type = parseType(typeName)
  const isPrivate = fields.flag('private', true)
  if (type === 'inet') checkInetService(name, isPrivate, options)
  const unprivileged = fields.flag('unprivileged', true)
  if (chrootByDefault && fields.nextIsDefault) {
    const setting = 'using backwards-compatible default setting chroot=y'
    notices.push(`${file}: line ${line}: ${setting}`)
  }
  const chroot = fields.flag('chroot', chrootByDefault)
  const wakeup = fields.wakeup()
  const processLimit = fields.processLimit()
  const command = fields.required('command')
  const args = fields.rest().map(unwrapArgument)
  return {
    ...{ name, type, private: isPrivate, unprivileged, chroot, wakeup, processLimit, command },
    ...{ args, overrides: overridesOf(args), file, line },
  }
}

function parseType(text: string): MasterServiceType {
  const type = TYPES.find((known) => known === text)
  if (type !== undefined) return type
  const details = { value: text, expected: TYPES.join(', ') }
  throw new ConfigError('syntax', `bad transport type: ${text}`, details)
}

function checkInetService(name: string, isPrivate: boolean, options: MasterCfOptions): void {
  if (isPrivate) {
    const details = { value: name, expected: 'n in the column "private"' }
    throw new ConfigError('syntax', 'inet service cannot be private', details)
  }
  const service = splitInetService(name)
  const problem = options.inetProblem?.(name, service)
  if (problem === undefined) return
  const expected = 'an address that inet_interfaces and inet_protocols allow'
  throw new ConfigError('syntax', problem, { value: name, expected })
}

function unwrapArgument(element: string): string {
  const unwrapped = unwrapBraces(element)
  if ('text' in unwrapped) return unwrapped.text
  const details = { value: element, expected: '{ text }, with as many } as {' }
  throw new ConfigError('syntax', unwrapped.problem, details)
}

// Options end at the first argument without `-`, as for the programs that get them.
function overridesOf(args: readonly string[]): (readonly [string, string])[] {
  const overrides: (readonly [string, string])[] = []
  for (let at = 0; args[at]?.startsWith('-'); at++) {
    const arg = args[at]!
    if (!arg.startsWith('-o')) continue
    const text = arg === '-o' ? args[++at] : arg.slice(2)
    const parsed = parseAssignment(text ?? '')
    if (typeof parsed === 'string') {
      const problem = text === undefined ? 'option -o requires name=value' : `${parsed}: "${text}"`
      throw new ConfigError('syntax', problem, { value: text, expected: '-o name=value' })
    }
    overrides.push(parsed)
  }
  return overrides
}

function serviceIdentity(service: MasterService, ports: ReadonlyMap<string, number>): string {
  const { name, type } = service
  if (type !== 'inet') return `${service.private ? 'private' : 'public'}/${name}`
  const { host, port } = splitInetService(name)
  const number = ports.get(port) ?? port
  return host === undefined ? `${number}` : `[${host}]:${number}`
}
