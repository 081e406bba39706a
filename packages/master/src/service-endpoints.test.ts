import { ConfigError, type MasterService, parseMasterCf } from '@posthouse/config'
import { expect, it } from 'vitest'

import { type ServicePlaces, serviceEndpoints } from './index.ts'

const FILE = '/etc/postfix/master.cf'
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'two.example.com': ['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.1'],
}
const places: ServicePlaces = {
  queueDirectory: '/var/spool/postfix',
  wildcard: false,
  addresses: ['127.0.0.1', '::1'],
  families: [6, 4],
  servicePort: (name) => (name === 'qmqp' ? 628 : undefined),
  lookupHost: async (name) => {
    const found = HOSTS[name]
    if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${name}`)
    return found
  },
}

const service = (line: string): MasterService => {
  const options = { file: FILE, chrootByDefault: false, knownTcpPorts: new Map() }
  return parseMasterCf(`# comment\n${line} - n - - qmqpd\n`, options).services[0]!
}

const addresses = async (line: string, other: Partial<ServicePlaces> = {}) => {
  const endpoints = await serviceEndpoints(service(line), { ...places, ...other })
  return endpoints.map(({ address }) => ('path' in address ? address.path : address))
}

it.each([
  ['a port alone', '628 inet n', ['127.0.0.1', '::1']],
  ['a name of a port', 'qmqp inet n', ['127.0.0.1', '::1']],
  ['an address', '192.0.2.9:628 inet n', ['192.0.2.9']],
  ['an IPv6 address', '[2001:db8::9]:628 inet n', ['2001:db8::9']],
  ['a host name', 'two.example.com:628 inet n', ['192.0.2.1', '2001:db8::1', '192.0.2.2']],
])('G-38: %s listens on each address', async (_, line, hosts) => {
  expect(await addresses(line)).toEqual(hosts.map((host) => ({ host, port: 628 })))
})

it('G-38: with inet_interfaces = all there is one wildcard socket for each family', async () => {
  const wildcard = { wildcard: true }
  const all = [
    { host: '::', port: 628 },
    { host: '0.0.0.0', port: 628 },
  ]
  expect(await addresses('628 inet n', wildcard)).toEqual(all)
  // A family without any address, and one that is off.
  const ipv4 = { ...wildcard, addresses: ['192.0.2.1'] }
  expect(await addresses('628 inet n', ipv4)).toEqual(all.slice(1))
  expect(await addresses('628 inet n', { ...wildcard, families: [6] })).toEqual(all.slice(0, 1))
})

it('G-38: a host name listens on its addresses of enabled families only', async () => {
  const [first, ...others] = await addresses('two.example.com:628 inet n', { families: [6] })
  expect([first, others]).toEqual([{ host: '2001:db8::1', port: 628 }, []])
})

it('G-38: other types have a socket in the directory private or public', async () => {
  expect(await addresses('qmgr unix n')).toEqual(['/var/spool/postfix/public/qmgr'])
  expect(await addresses('qmqp unix -')).toEqual(['/var/spool/postfix/private/qmqp'])
})

it.each([
  [
    'no.example.com:628 inet n',
    `${FILE}: line 2: bad hostname or network address: no.example.com:`,
  ],
  ['qwerty inet n', 'qwerty: Servname not supported for ai_socktype'],
  ['127.0.0.1:99999 inet n', 'bad hostname or network address: 127.0.0.1:99999'],
])('G-43: %s is an error that says where', async (line, message) => {
  const error: unknown = await addresses(line).catch((error) => error)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({ message: expect.stringContaining(message), file: FILE, line: 2 })
})

it('G-43: without a host there must be an address in inet_interfaces', async () => {
  await expect(addresses('628 inet n', { addresses: [] })).rejects.toThrowError(
    `${FILE}: line 2: service definition requires valid host name or address, or non-empty` +
      ' inet_interfaces setting',
  )
})
