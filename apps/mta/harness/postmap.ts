import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import { peersInstalled } from './peers.ts'

/** What `postmap -q -` printed. */
export interface PostmapAnswers {
  /** Of the keys that were found, in order. */
  readonly values: ReadonlyMap<string, string>
  /** Lines like `warning: TEXT` and `fatal: TEXT`. */
  readonly log: readonly string[]
}

/** Postfix's postmap(1), with a directory of its own for its configuration and for tables. */
export class Postmap {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'postmap-'))

  constructor() {
    mkdirSync(join(this.directory, 'conf'))
    writeFileSync(join(this.directory, 'conf/main.cf'), 'compatibility_level = 3.6\n')
  }

  close(): void {
    rmSync(this.directory, { recursive: true })
  }

  /** Writes a file of its directory and gives its path. */
  write(name: string, content: string): string {
    const path = join(this.directory, name)
    writeFileSync(path, encodeAddress(content))
    // postmap waits until a file has been as it is for more than a second.
    const past = Date.now() / 1000 - 3600
    utimesSync(path, past, past)
    return path
  }

  /** Makes an indexed table; gives what was logged. */
  async make(reference: string): Promise<readonly string[]> {
    return logOf((await this.#run([reference], '')).stderr)
  }

  /** Asks for all keys in one run. Ends at the first key that there is an error with. */
  async query(reference: string, keys: readonly string[]): Promise<PostmapAnswers> {
    const input = keys.map((key) => `${key}\n`).join('')
    const { stdout, stderr } = await this.#run(['-q', '-', reference], input)
    const values = new Map<string, string>()
    for (const line of stdout.split('\n').slice(0, -1)) {
      const tab = line.indexOf('\t')
      values.set(line.slice(0, tab), line.slice(tab + 1))
    }
    return { values, log: logOf(stderr) }
  }

  async #run(
    args: readonly string[],
    input: string,
  ): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const child = spawn('postmap', ['-c', join(this.directory, 'conf'), ...args])
    child.stdin.on('error', () => undefined) // It may end without reading all of it.
    child.stdin.end(encodeAddress(input))
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
    return { stdout, stderr }
  }
}

/** As `peersInstalled`, for what Debian has in packages of its own: types of tables. */
export function tableTypesInstalled(...types: string[]): boolean {
  if (!peersInstalled('postmap', 'postconf')) return false
  const postmap = new Postmap()
  const { stdout } = spawnSync('postconf', ['-c', join(postmap.directory, 'conf'), '-m'])
  postmap.close()
  const known = stdout.toString().split('\n')
  const missing = types.filter((type) => !known.includes(type))
  if (missing.length === 0) return true
  const text = `not installed: ${missing.map((type) => `postfix-${type}`).join(', ')}`
  if (process.env['POSTHOUSE_PEERS'] === 'required') throw new Error(text)
  console.warn(`skipping the tests against peers: ${text}`)
  return false
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return decodeAddress(Buffer.concat(chunks))
}

function logOf(stderr: string): string[] {
  const lines = stderr.split('\n').slice(0, -1)
  return lines.map((line) => line.replace(/^postmap: /, ''))
}
