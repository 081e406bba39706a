import { execFile } from 'node:child_process'

/** How a program ended, and what it said: one character for each byte. */
export interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a directory. */
export function run(
  cwd: string,
  [file, ...args]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const env = { ...process.env, ...environment, LC_ALL: 'C' }
  const options = { cwd, env, encoding: 'latin1', maxBuffer: 1e7, timeout: 60_000 } as const
  return new Promise((resolve, reject) => {
    execFile(file!, args, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code
      if (typeof status === 'number') resolve({ status, stdout, stderr })
      else reject(error)
    })
  })
}
