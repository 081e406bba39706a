import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Maildirs, type Receiver } from './receiver.ts'
import type { RootDirectory, UserName } from './root-directory.ts'
import { certificatePath } from './secure-destination.ts'

/** Paths in its root directory. */
export const CERTIFICATE = '/certificates/good.pem'
export const KEY = '/certificates/good.key'
export const MAIL = '/mail'

/** Gives it a certificate, and a place for mail. */
export function furnish(root: RootDirectory, owner: UserName, keyOwner: UserName): void {
  root.makeDirectory(MAIL, owner)
  root.write(CERTIFICATE, readFileSync(certificatePath('good.pem'), 'utf8'), keyOwner)
  root.write(KEY, readFileSync(certificatePath('good.key'), 'utf8'), keyOwner, 0o600)
}

/** The server that runs there. @param ports Without PIPELINING at the second one. */
export function receiverIn(
  root: RootDirectory,
  ports: readonly [number, number],
  logText: () => string = () => root.output,
): Receiver {
  const [port, portWithoutPipelining] = ports
  const maildirs = new Maildirs(join(root.path, MAIL))
  return {
    port,
    portWithoutPipelining,
    received: () => maildirs.received(),
    logText,
    stop: () => root.remove(),
  }
}
