import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { listeningPorts } from './listening.ts'
import { until } from './until.ts'

/** Users and groups of the same name and number. */
const USERS = { root: 0, mail: 8, opensmtpd: 901, opensmtpq: 902, 'Debian-exim': 903 } as const

export type UserName = keyof typeof USERS

/**
 * A root directory for a server that wants its fixed paths and its users for itself: programs,
 * their libraries, and /bin/sh. Needs root.
 */
export class RootDirectory {
  readonly path: string
  #child: ChildProcess | undefined
  /** What the server said. */
  #output = ''

  /** @param packageDirectory The package, unpacked. @param programs Paths in it. */
  constructor(packageDirectory: string, programs: readonly string[]) {
    this.path = mkdtempSync(join(tmpdir(), 'root-directory-'))
    chmodSync(this.path, 0o755) // Its programs run as other users.
    for (const name of ['etc', 'tmp']) this.makeDirectory(`/${name}`, 'root')
    for (const program of programs) this.#copy(join(packageDirectory, program), program)
    const files = ['/bin/sh', ...programs.map((program) => join(packageDirectory, program))]
    for (const file of ['/bin/sh', ...libraries(files)]) this.#copy(file, file)
    const users = Object.entries(USERS)
    const passwd = users.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh\n`)
    const group = users.map(([name, id]) => `${name}:x:${id}:\n`)
    this.write('/etc/passwd', passwd.join(''))
    this.write('/etc/group', group.join(''))
  }

  #copy(file: string, path: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true })
    copyFileSync(file, join(this.path, path))
  }

  /** @param path As programs in it see it, here and below. */
  write(path: string, text: string, owner: UserName = 'root', mode = 0o644): void {
    const file = join(this.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { mode })
    chownSync(file, USERS[owner], USERS[owner])
  }

  makeDirectory(path: string, owner: UserName, mode = 0o755): void {
    const directory = join(this.path, path)
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, mode)
    chownSync(directory, USERS[owner], USERS[owner])
  }

  /** Starts the server, which stays in the foreground. @param port One on which it will listen. */
  async start(port: number, ...command: string[]): Promise<void> {
    this.#child = spawn('chroot', [this.path, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk
      })
    }
    try {
      await until(
        () => listeningPorts().has(port),
        () => `nobody listens on port ${port}:\n${this.#output}`,
      )
    } catch (error) {
      await this.remove()
      throw error
    }
  }

  get output(): string {
    return this.#output
  }

  /** Ends the server and removes the directory. */
  async remove(): Promise<void> {
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close') // Of those that it started, too.
      child.kill()
      await closed
    }
    rmSync(this.path, { recursive: true, maxRetries: 3 })
  }
}

/** The shared libraries of these programs, and the loader. */
function libraries(programs: readonly string[]): Set<string> {
  const text = execFileSync('ldd', programs, { encoding: 'utf8' })
  return new Set(Array.from(text.matchAll(/(\/\S+\.so[.\d]*) \(0x/g), ([, path = '']) => path))
}
