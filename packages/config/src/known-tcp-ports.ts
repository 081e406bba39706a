import { trimWhiteSpace } from './white-space.ts'

/** TCP service names that need no services database. */
export interface KnownTcpPorts {
  /** Port number by service name. */
  readonly ports: ReadonlyMap<string, number>
  /** Texts without the word `warning`. The entries they are about have no effect. */
  readonly warnings: readonly string[]
}

const DIGITS = /^\d+$/
const WHITE_SPACE = /[ \t\n\v\f\r]/

/**
 * Reads the value of `known_tcp_ports`, such as `smtp=25, smtps=submissions=465`. A bad entry is a
 * warning, not an error (G-19).
 */
export function parseKnownTcpPorts(value: string): KnownTcpPorts {
  const ports = new Map<string, number>()
  const warnings: string[] = []
  for (const entry of value.split(',')) {
    if (entry === '') continue
    const names = entry.split('=').map(trimWhiteSpace)
    const port = names.pop()!
    const problem = entryProblem(names, port) ?? addPorts(ports, names, port)
    if (problem === undefined) continue
    const subject = `known_tcp_ports: in "${entry}"`
    warnings.push(problem.startsWith('is ') ? `${subject} ${problem}` : `${subject}: ${problem}`)
  }
  return { ports, warnings }
}

function entryProblem(names: readonly string[], port: string): string | undefined {
  if (names.length === 0) return 'is not in "name = value" form'
  if (port === '') return 'missing port value after "="'
  if (WHITE_SPACE.test(port)) return 'whitespace in port number'
  return undefined
}

function addPorts(
  ports: Map<string, number>,
  names: readonly string[],
  port: string,
): string | undefined {
  for (const name of names) {
    const problem = nameProblem(name, port, ports)
    if (problem !== undefined) return problem
    ports.set(name, Number(port))
  }
  return undefined
}

function nameProblem(
  name: string,
  port: string,
  ports: ReadonlyMap<string, number>,
): string | undefined {
  if (name === '') return 'missing service name before "="'
  if (WHITE_SPACE.test(name)) return 'whitespace in service name'
  if (DIGITS.test(name)) return 'numerical service name'
  if (!DIGITS.test(port)) return 'non-numerical service port'
  if (ports.has(name)) return 'duplicate service name'
  return undefined
}
