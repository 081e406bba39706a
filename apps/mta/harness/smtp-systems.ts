import { QueueingPostfix } from './queueing-postfix.ts'
import { Scene } from './scene.ts'

/** A mail system of which only what its smtp(8) sends, and says, is of interest. */
export interface SmtpSystem {
  /** Of its QMQP server. */
  readonly port: number
  readonly log: () => readonly string[]
  readonly stop: () => Promise<void>
}

export type StartSmtpSystem = (parameters: Readonly<Record<string, string>>) => Promise<SmtpSystem>

const OWN = { myhostname: 'mail.example.com' }

const DELIVERING = `\
qmgr unix n - n 300 1 qmgr
defer unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
`

export const startPostfix: StartSmtpSystem = async (parameters) => {
  const postfix = await QueueingPostfix.start({ ...OWN, ...parameters }, DELIVERING)
  const log = () => postfix.logText().split('\n')
  return { port: postfix.port, log, stop: () => postfix.stop() }
}

export const startPosthouse: StartSmtpSystem = async (parameters) => {
  const scene = await Scene.open({ parameters: { ...OWN, ...parameters } })
  return { port: scene.port, log: () => scene.posthouse.log, stop: () => scene.close() }
}
