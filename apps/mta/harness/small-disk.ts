import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHUNK_BYTES = 4096

/** A file system in memory that a test can fill. */
export class SmallDisk {
  readonly directory: string
  #files = 0

  /** @param options Of tmpfs(5), such as `size=1m`. */
  constructor(directory: string, options: string) {
    mkdirSync(directory, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', directory], { stdio: 'pipe' })
    this.directory = directory
  }

  /** Takes all the space there is, but for so many bytes. */
  fill(leftBytes = 0): void {
    const chunk = Buffer.alloc(CHUNK_BYTES, 'x')
    const filler = join(this.directory, 'filler')
    let size = 0
    while (succeeds(() => writeFileSync(filler, chunk, { flag: 'a' }))) size += CHUNK_BYTES
    truncateSync(filler, Math.max(0, size - leftBytes))
  }

  /** Takes all the files there may be. */
  fillWithFiles(): void {
    while (succeeds(() => writeFileSync(join(this.directory, `filler${this.#files}`), ''))) {
      this.#files += 1
    }
  }

  /** Gives back what was taken. */
  clear(): void {
    rmSync(join(this.directory, 'filler'), { force: true })
    while (this.#files > 0) rmSync(join(this.directory, `filler${--this.#files}`))
  }

  close(): void {
    execFileSync('umount', ['-l', this.directory])
  }
}

/** Whether this process may mount: where it may not, tests skip, and this says so. */
export function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'posthouse-mount-'))
  try {
    new SmallDisk(directory, 'size=64k').close()
    return true
  } catch (error) {
    console.warn(`skipping the tests on a full disk: ${error}`)
    return false
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function succeeds(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
