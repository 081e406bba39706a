import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { InstanceLock, runningInstance } from './index.ts'

let queue: string
beforeEach(() => {
  queue = mkdtempSync(join(tmpdir(), 'posthouse-lock-'))
})
afterEach(() => rmSync(queue, { recursive: true }))

it('G-70: writes the process id in 32 columns and a newline', () => {
  InstanceLock.acquire(queue, 4711).release()
  expect(readFileSync(join(queue, 'pid/master.pid'), 'latin1')).toBe(`${' '.repeat(28)}4711\n`)
})

it('knows no instance where none ever ran, and leaves no trace of having asked', () => {
  expect(runningInstance(queue)).toBeUndefined()
  expect(existsSync(join(queue, 'pid'))).toBe(false)
})

it('can be taken again after release', () => {
  InstanceLock.acquire(queue, 1).release()
  expect(runningInstance(queue)).toBeUndefined()
  InstanceLock.acquire(queue, 2).release()
})

it('refuses a second instance, names the first, and is free once that was killed', async () => {
  const holder = holdInAnotherProcess(queue)
  await once(holder, 'message')
  expect(runningInstance(queue)).toBe(holder.pid)
  expect(() => InstanceLock.acquire(queue, 1)).toThrowError(
    `the Postfix mail system is already running: PID: ${holder.pid}`,
  )
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(runningInstance(queue)).toBeUndefined()
  InstanceLock.acquire(queue, 1).release()
})

it('G-70: no Postfix master can lock its pid file meanwhile, nor we that of a Postfix', async () => {
  const pidFile = join(queue, 'pid/master.pid')
  const lock = InstanceLock.acquire(queue, 1)
  expect(spawnSync('flock', ['-n', pidFile, 'true']).status).toBe(1)
  lock.release()
  const postfix = spawn('flock', [pidFile, 'sh', '-c', 'echo locked; read line'])
  await once(postfix.stdout, 'data')
  expect(() => InstanceLock.acquire(queue, 1)).toThrowError(/already running: PID: \d+$/)
  expect(runningInstance(queue)).toBeGreaterThan(1)
  postfix.stdin.end()
  await once(postfix, 'exit')
  expect(runningInstance(queue)).toBeUndefined()
  InstanceLock.acquire(queue, 1).release()
})

function holdInAnotherProcess(directory: string): ChildProcess {
  const program = `
    import { InstanceLock } from ${JSON.stringify(import.meta.resolve('./instance-lock.ts'))}
    InstanceLock.acquire(${JSON.stringify(directory)}, process.pid)
    gc()
    process.send('locked')
    setInterval(() => undefined, 1000)`
  const args = ['--expose-gc', '--input-type=module', '--eval', program]
  return spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
