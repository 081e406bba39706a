// For `node --import`: /etc/resolv.conf is another file, and what is at a port that only root may
// listen on is at another port. `SCRIPTED_NETWORK` says so, in JSON.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/** What the program finds around it. */
export interface ScriptedNetwork {
  /** Path of a file in place of /etc/resolv.conf. */
  readonly resolvConf: string
  /** Ports on 127.0.0.1 by `address:port`. */
  readonly connect: Readonly<Record<string, number>>
  /** The port in place of any other port below 1024: nobody listens there. */
  readonly closedPort: number
}

const RESOLV_CONF = '/etc/resolv.conf'
const { resolvConf, connect, closedPort }: ScriptedNetwork = JSON.parse(
  process.env['SCRIPTED_NETWORK'] ?? '',
)
const originals = { readFileSync: fs.readFileSync, statSync: fs.statSync, connect: net.connect }

function elsewhere(path: unknown): unknown {
  return path === RESOLV_CONF ? resolvConf : path
}

Object.assign(fs, {
  readFileSync: (path: unknown, ...rest: unknown[]) =>
    Reflect.apply(originals.readFileSync, fs, [elsewhere(path), ...rest]),
  statSync: Object.assign(
    (path: unknown, ...rest: unknown[]) =>
      Reflect.apply(originals.statSync, fs, [elsewhere(path), ...rest]),
    originals.statSync,
  ),
})
Object.assign(net, {
  connect: (options: net.TcpNetConnectOpts | string) => {
    if (typeof options === 'string') return originals.connect(options) // The path of a socket.
    const { host, port } = options
    const known = connect[`${host}:${port}`]
    const place = known ?? (port < 1024 ? closedPort : port)
    return originals.connect({ ...options, host: '127.0.0.1', port: place })
  },
})
syncBuiltinESMExports()
