import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { Scene } from '../harness/scene.ts'
import { COMMAND, runWith, type Submitted, sendmail } from '../harness/submitting.ts'

const SOURCE = join(import.meta.dirname, '../setgid/set-gid-tool.c')
const USER = { uid: 65534, gid: 65534 }
const LETTER = 'Subject: tea\n\nAt five.\n'
const QUERY = ['-f', 'u@x.example', 'a@x.example']

const isRoot = process.getuid?.() === 0
// The accounts postfix and postdrop are those of the Debian package.
const hasPeers = isRoot && peersInstalled('postfix', 'cc')

describe.skipIf(!hasPeers)('users who may not write to the queue', () => {
  let scene: Scene
  let outer: string // Open to all, as the directory of a scene is not.
  let programs: string
  beforeAll(async () => {
    outer = mkdtempSync(join(tmpdir(), 'ordinary-users-'))
    chmodSync(outer, 0o755)
    programs = join(outer, 'programs')
    mkdirSync(programs)
    scene = await Scene.open({
      parameters: {
        mail_owner: 'postfix',
        setgid_group: 'postdrop',
        queue_directory: join(outer, 'queue'),
        command_directory: programs,
      },
    })
    chmodSync(scene.directory, 0o755)
  })
  afterAll(async () => {
    await scene?.close()
    rmSync(outer, { recursive: true, force: true })
  })

  it('F-92: are told that there is no postdrop for them', async () => {
    const { status, stderr } = await sendmail(scene.directory, QUERY, LETTER, USER)
    expect(stderr).toBe(
      'sendmail: fatal: u@x.example(65534): users like this one need a set-gid postdrop in ' +
        `command_directory: ${programs}/postdrop: no such file\n`,
    )
    expect(status).toBe(75)
  })

  it('F-92: are told that a postdrop without the group is of no use', async () => {
    const program = `${process.execPath} ${COMMAND} -c ${scene.directory}/conf`
    const script = `#!/bin/sh\nexec ${program} postdrop -r\n`
    writeFileSync(join(programs, 'postdrop'), script, { mode: 0o755 })
    const { status, stderr } = await sendmail(scene.directory, QUERY, LETTER, USER)
    expect(stderr).toMatch(/^postdrop: fatal: .*maildrop takes files of root/)
    expect(stderr).toMatch(/\nsendmail: fatal: .*programs\/postdrop: it is not set-gid\n$/)
    expect(status).toBe(75)
    rmSync(join(programs, 'postdrop'))
  })

  it('F-83: cannot list the queue without a postqueue that is set-gid', async () => {
    const { status, stderr } = await tool('mailq', [])
    expect(stderr).toMatch(/^postqueue: fatal: Connect to .* showq service: Permission denied\n$/)
    expect(status).toBe(69)
  })

  describe('where our own programs are installed', () => {
    beforeAll(() => {
      for (const name of ['postdrop', 'postqueue']) install(name)
    })

    it('F-57: hand mail in', async () => {
      expect(await sendmail(scene.directory, QUERY, LETTER, USER)).toMatchObject({
        status: 0,
        stderr: '',
      })
      await scene.posthouse.logged(/pickup.*: uid=65534 from=<u@x\.example>$/)
      await expect.poll(() => scene.arrivals.length).toBe(1)
      expect(scene.arrivals[0]!.content.toString()).toContain('At five.')
    })

    it('F-93: hand mail in over SMTP, and are told its queue id', async () => {
      const commands = ['MAIL FROM:<u@x.example>', 'RCPT TO:<a@x.example>', 'DATA', 'x', '.']
      const input = commands.map((line) => `${line}\r\n`).join('')
      const { stdout, status } = await sendmail(scene.directory, ['-bs'], input, USER)
      const id = /: queued as (\w+)\r\n$/.exec(stdout)?.[1]
      expect(status).toBe(0)
      await expect.poll(() => scene.arrivals.length).toBe(2)
      expect(scene.arrivals[1]!.content.toString()).toContain(` with SMTP id ${id}\n`)
    })

    it('F-83: list the queue', async () => {
      expect(await tool('mailq', [])).toEqual({
        status: 0,
        stdout: 'Mail queue is empty\n',
        stderr: '',
      })
      expect(await sendmail(scene.directory, ['-bp'], '', USER)).toMatchObject({ status: 0 })
    })

    it('F-83: have mail tried now', async () => {
      expect(await tool('postqueue', ['-f'])).toEqual({ status: 0, stdout: '', stderr: '' })
    })

    it.each(['postdrop', 'postqueue'])(
      'F-82: %s takes no configuration of theirs, however they name it',
      async (name) => {
        const program = join(programs, name)
        const args = name === 'postqueue' ? ['-p'] : []
        const own = join(outer, 'own')
        const byOption = await runWith('', program, ['-c', own, ...args], USER)
        expect(byOption.stderr).toMatch(
          `${name}: error: unauthorized configuration directory name: ${own}\n`,
        )
        expect(byOption.stderr).toMatch(/fatal: expected one that alternate_config_directories in /)
        expect(byOption.status).toBe(name === 'postqueue' ? 69 : 1)
        const env = { MAIL_CONFIG: own }
        const byVariable = await runWith('', program, args, { ...USER, env })
        expect(byVariable.stderr).toContain(
          `${name}: fatal: unauthorized configuration directory name: ${own}: `,
        )
        expect(byVariable.status).toBe(1)
      },
    )

    it('F-82: cannot have the program open a debugger', async () => {
      const child = spawn(join(programs, 'postdrop'), [], { ...USER, env: {} })
      const stderr = text(child.stderr)
      await expect.poll(() => readdirSync(join(outer, 'queue/maildrop'))).toHaveLength(1)
      child.kill('SIGUSR1')
      child.stdin.end()
      expect(await stderr).toBe('')
    })
  })

  function install(name: string): void {
    const program = join(programs, name)
    const defines = {
      NODE: process.execPath,
      POSTHOUSE: COMMAND,
      CONFIG: join(scene.directory, 'conf'),
      TOOL: name,
    }
    const words = Object.entries(defines).map(([key, value]) => `-D${key}="${value}"`)
    execFileSync('cc', ['-Wall', '-Werror', ...words, '-o', program, SOURCE])
    chownSync(program, 0, statSync(join(outer, 'queue/maildrop')).gid)
    chmodSync(program, 0o2755)
  }

  function tool(name: string, args: readonly string[]): Promise<Submitted> {
    const words = [COMMAND, '-c', join(scene.directory, 'conf'), name, ...args]
    return runWith('', process.execPath, words, USER)
  }
})
