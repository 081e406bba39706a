// For `node --import`: client addresses have the names that they had when the conversations in
// ../vectors were recorded. Replaces what the system's resolver answers, and nothing above it.
import dns from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

interface RecordedNames {
  readonly PTR: Readonly<Record<string, string>>
  /** An address, or `NXDOMAIN`, or `SERVFAIL`. */
  readonly A: Readonly<Record<string, string>>
}

const ACCESS = new URL('../vectors/qmqp-access.json', import.meta.url)
const { dns: names, server }: { dns: RecordedNames; server: { hosts: Record<string, string> } } =
  JSON.parse(readFileSync(ACCESS, 'utf8'))
// The system's resolver does not let a name through that begins with a hyphen.
const BAD_NAME = /^-/

const originals = { lookup: dns.lookup }

Object.assign(dns, {
  lookupService: async (address: string) => {
    const hostname = server.hosts[address] ?? names.PTR[address]
    if (hostname === undefined || BAD_NAME.test(hostname)) throw resolverError('ENOTFOUND')
    return { hostname, service: '0' }
  },
  lookup: async (name: string, options: { readonly family?: number }) => {
    const { family = 0 } = options
    const known = Object.entries(server.hosts).filter(([, host]) => host === name)
    const hosts = known.map(([address]) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (hosts.length > 0) return hosts.filter((host) => family === 0 || host.family === family)
    const answer = names.A[name.toLowerCase()]
    if (answer === undefined) return originals.lookup(name, options)
    if (answer === 'NXDOMAIN') throw resolverError('ENOTFOUND')
    if (answer === 'SERVFAIL') throw resolverError('EAI_AGAIN')
    return [{ address: answer, family: 4 }]
  },
})
syncBuiltinESMExports()

function resolverError(code: string): Error {
  return Object.assign(new Error(`recorded hosts: ${code}`), { code })
}
