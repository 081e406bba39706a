import { readFileSync } from 'node:fs'

import type { Clock } from '@posthouse/clock'

import type { TableContext } from '../src/table-type.ts'

/** A clock without limits or waiting: pauses of one second are over at once, the rest never is. */
export class HastyClock implements Clock {
  #now = 0

  now(): number {
    return this.#now
  }

  after(delayMs: number, fn: () => void): () => void {
    if (delayMs !== 1000) return () => undefined
    const immediate = setImmediate(() => {
      this.#now += delayMs
      fn()
    })
    return () => clearImmediate(immediate)
  }
}

/** What an opener gets; `warnings` collects. */
export function tableContext(
  clock: Clock,
  warnings: string[],
  options: { smtputf8?: boolean; securitySensitive?: boolean } = {},
): TableContext {
  const { smtputf8 = true, securitySensitive = false } = options
  return {
    environment: {
      readFile: (path) => {
        if (path !== '/etc/services') return readFileSync(path)
        return Buffer.from('# names\nfinger\t\t79/tcp # who\nmap 77/udp\nmap 78/tcp carte\n')
      },
      modifiedMs: () => 0,
      variables: {},
      random: () => 0,
      clock,
      warn: (text) => void warnings.push(text),
      smtputf8,
    },
    purpose: { securitySensitive },
    openMember: () => {
      throw new Error('not in these tests')
    },
  }
}
