import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { type Endpoint, Listeners, MasterError } from './index.ts'

const log = { info() {}, warning() {}, error() {}, fatal() {} }
let listeners: Listeners
beforeEach(() => {
  listeners = new Listeners(log)
})
afterEach(() => listeners.close())

it('G-45: a reload gives an unchanged endpoint its new handler and keeps its socket', async () => {
  const endpoint = await freeEndpoint()
  await listeners.update(new Map([[endpoint, greet('old')]]))
  const [address] = listeners.addresses()
  await listeners.update(new Map([[{ ...endpoint }, greet('new')]]))
  expect(listeners.addresses()).toEqual([address])
  expect(await greetingOf(endpoint)).toBe('new')
})

it('G-38: the wildcard addresses of both families listen on one port, a socket each', async () => {
  const { address } = await freeEndpoint()
  const port = 'port' in address ? address.port : 0
  const endpoints = ['::', '0.0.0.0'].map((host) => ({ service: 'all', address: { host, port } }))
  await listeners.update(new Map(endpoints.map((endpoint) => [endpoint, greet('hello')])))
  expect(listeners.addresses()).toEqual([`:::${port}`, `0.0.0.0:${port}`])
})

it('G-45: a port moves from one address to all of them, and back when that fails', async () => {
  const one = await freeEndpoint()
  const port = 'port' in one.address ? one.address.port : 0
  const all: Endpoint = { service: 'all', address: { host: '0.0.0.0', port } }
  const taken = await freeEndpoint()
  const other = new Listeners(log)
  await other.update(new Map([[taken, greet('other')]]))
  await listeners.update(new Map([[one, greet('one')]]))
  const both = new Map([all, taken].map((endpoint) => [endpoint, greet('all')]))
  await expect(listeners.update(both)).rejects.toThrow('EADDRINUSE')
  expect(await greetingOf(one)).toBe('one')
  await listeners.update(new Map([[all, greet('all')]]))
  expect(await greetingOf(one)).toBe('all')
  other.close()
})

it('G-41: refuses two services on one address, and says which', async () => {
  const one = await freeEndpoint()
  const two: Endpoint = { ...one, service: 'two' }
  const wanted = new Map([one, two].map((endpoint) => [endpoint, greet('')]))
  await expect(listeners.update(wanted)).rejects.toThrow(
    /^service two: cannot listen on 127\.0\.0\.1:\d+: service test listens there$/,
  )
  await expect(greetingOf(one)).rejects.toThrow('ECONNREFUSED')
})

it('closes what is gone', async () => {
  const endpoint = await freeEndpoint()
  await listeners.update(new Map([[endpoint, greet('hello')]]))
  await listeners.update(new Map())
  await expect(greetingOf(endpoint)).rejects.toThrow('ECONNREFUSED')
})

it('names service and address when the port is taken, and keeps what it had', async () => {
  const taken = await freeEndpoint()
  const other = new Listeners(log)
  await other.update(new Map([[taken, greet('other')]]))
  const kept = await freeEndpoint()
  await listeners.update(new Map([[kept, greet('kept')]]))
  const added = await freeEndpoint()
  const wanted = new Map([kept, added, taken].map((endpoint) => [endpoint, greet('new')]))
  await expect(listeners.update(wanted)).rejects.toThrowError(MasterError)
  await expect(listeners.update(wanted)).rejects.toThrow(
    /service test: cannot listen on 127.0.0.1:\d+: .*EADDRINUSE/,
  )
  expect(await greetingOf(kept)).toBe('kept')
  await expect(greetingOf(added)).rejects.toThrow('ECONNREFUSED')
  other.close()
})

it('replaces the socket file that a killed process left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'posthouse-listen-'))
  const path = join(directory, 'qmgr')
  writeFileSync(path, '')
  await listeners.update(
    new Map([[{ service: 'qmgr', address: { path, mode: 0o666 } }, greet('hi')]]),
  )
  expect(await greetingOf({ service: 'qmgr', address: { path, mode: 0o666 } })).toBe('hi')
  rmSync(directory, { recursive: true })
})

async function freeEndpoint(): Promise<Endpoint> {
  const probe = new Listeners(log)
  const any: Endpoint = { service: 'probe', address: { host: '127.0.0.1', port: 0 } }
  await probe.update(new Map([[any, greet('')]]))
  const port = Number(probe.addresses()[0]?.split(':')[1])
  probe.close()
  return { service: 'test', address: { host: '127.0.0.1', port } }
}

function greet(text: string): (socket: Socket) => void {
  return (socket) => socket.end(text)
}

async function greetingOf({ address }: Endpoint): Promise<string> {
  const socket = connect(address)
  await once(socket, 'connect')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}
