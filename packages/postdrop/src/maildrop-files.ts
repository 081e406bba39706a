import { open, rename, unlink } from 'node:fs/promises'

/** A file that is being written. */
export interface MaildropFile {
  readonly inode: bigint
  /** Writes all of it behind what is written. */
  write(bytes: Uint8Array): Promise<void>
  chmod(mode: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The file system, one system call per method: each rejects with the error of `node:fs`. */
export interface MaildropFiles {
  /** Rejects if there is a file of that name. */
  create(path: string, mode: number): Promise<MaildropFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
}

/** The file system of this machine. */
export const nodeMaildropFiles: MaildropFiles = {
  create: async (path, mode) => {
    const file = await open(path, 'wx', mode)
    const { ino } = await file.stat({ bigint: true })
    return {
      inode: ino,
      write: async (bytes) => file.writeFile(bytes),
      chmod: (mode) => file.chmod(mode),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
  rename,
  unlink,
  syncDirectory: async (path) => {
    const directory = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      // Who may make names in a directory may not always read it: then the file system has to do.
      if (error.code === 'EACCES') return undefined
      throw error
    })
    await directory?.sync().finally(() => directory.close())
  },
}
