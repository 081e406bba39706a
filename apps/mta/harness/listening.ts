import { readFileSync } from 'node:fs'

/** The ports of 127.0.0.1 on which somebody listens; nobody is connected to. */
export function listeningPorts(): Set<number> {
  const table = readFileSync('/proc/net/tcp', 'utf8')
  const found = table.matchAll(/ 0100007F:([\dA-F]{4}) 00000000:0000 0A /g)
  return new Set(Array.from(found, ([, port = '']) => Number.parseInt(port, 16)))
}
