import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { Load } from './load.ts'

const DELIVER = fileURLToPath(
  new URL('../../../packages/smtp-client/bench/deliver.ts', import.meta.url),
)
// It is over sooner than a whole mail system.
const RUNS = 10

/** The SMTP client with nothing before it, over so many sessions that are kept; prints its rate. */
export function runClientAlone(sinkPort: number, load: Load, sessions: number): void {
  const options = {
    sink: sinkPort,
    'side-by-side': sessions,
    bytes: load.messageBytes,
    messages: load.messages * RUNS,
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const node = ['--conditions=@posthouse/source', DELIVER, '--reuse', ...args]
  const output = execFileSync(process.execPath, node, { encoding: 'utf8' })
  console.log(`the package smtp-client alone: ${output.trimEnd()}`)
}
