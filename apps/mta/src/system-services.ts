import { readFileSync } from 'node:fs'

let tcpPorts: ReadonlyMap<string, number> | undefined

/** The port of a TCP service by the services database of the system (services(5)). */
export function servicePort(name: string): number | undefined {
  tcpPorts ??= readTcpPorts()
  return tcpPorts.get(name)
}

function readTcpPorts(): Map<string, number> {
  const ports = new Map<string, number>()
  for (const line of readServices().split('\n')) {
    const [name, port = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const number = /^(\d+)\/tcp$/.exec(port)?.[1]
    if (name === undefined || number === undefined) continue
    for (const word of [name, ...aliases]) if (!ports.has(word)) ports.set(word, Number(number))
  }
  return ports
}

function readServices(): string {
  try {
    return readFileSync('/etc/services', 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
