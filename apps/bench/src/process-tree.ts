import { readdirSync, readFileSync } from 'node:fs'

interface ProcessEntry {
  readonly parent: number
  /** Of the process and of its children that have ended, in clock ticks. */
  readonly ticks: number
}

/** What a process and everything below it use. Linux only: read from /proc. */
export interface TreeUsage {
  readonly cpuSeconds: number
  /** Proportional set size: memory that processes share counts once. */
  readonly memoryBytes: number
}

const TICKS_PER_SECOND = 100 // USER_HZ, the same on every Linux that Node supports.

export function treeUsage(root: number): TreeUsage {
  const table = readProcessTable()
  const members = [...table.keys()].filter((processId) => isBelow(table, processId, root))
  const ticks = members.reduce((sum, processId) => sum + (table.get(processId)?.ticks ?? 0), 0)
  const memoryBytes = members.reduce((sum, processId) => sum + readMemory(processId), 0)
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes }
}

function isBelow(table: Map<number, ProcessEntry>, processId: number, root: number): boolean {
  for (let at: number | undefined = processId; at !== undefined; at = table.get(at)?.parent) {
    if (at === root) return true
  }
  return false
}

function readProcessTable(): Map<number, ProcessEntry> {
  const table = new Map<number, ProcessEntry>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readIfThere(`/proc/${name}/stat`)
    // The second field, the command, is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
    if (childSystem === undefined) continue
    const ticks = (user ?? 0) + (system ?? 0) + (childUser ?? 0) + childSystem
    table.set(Number(name), { parent: Number(fields[1]), ticks })
  }
  return table
}

function readMemory(processId: number): number {
  const rollup = readIfThere(`/proc/${processId}/smaps_rollup`)
  return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024
}

// A process may end between the listing and the look.
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
