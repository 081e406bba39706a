import { once } from 'node:events'
import { connect } from 'node:net'
import { type Endpoint, Listeners } from '@posthouse/master'

const log = { info() {}, warning() {}, error: console.error, fatal: console.error }
const listeners = new Listeners(log)
const endpoint: Endpoint = { service: 'greeter', address: { host: '127.0.0.1', port: 0 } }

await listeners.update(new Map([[endpoint, (socket) => socket.end('hello\n')]]))

const port = Number(listeners.addresses()[0]?.split(':')[1])
const [greeting] = await once(connect(port, '127.0.0.1'), 'data')
console.log(String(greeting).trim())
listeners.close()
