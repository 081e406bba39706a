import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { cases, type Files } from './postconf-cases.ts'
import { run } from './postconf-run.ts'

const DIST = '/usr/share/postfix'
const BIN = join(import.meta.dirname, '../bin/posthouse.js')
const installed = peersInstalled('postconf')
const release = /^3\.7\./

interface Outcome {
  readonly status: number
  readonly stdout: string
  /** Sorted and without repetitions: the order of Postfix is that of a hash table. */
  readonly stderr: readonly string[]
  readonly main: string
  readonly master: string
}

describe.runIf(installed)("with Debian's postconf", () => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'posthouse-postconf-'))
  })
  afterAll(() => rmSync(root, { recursive: true }))

  let count = 0
  async function both(files: Files | undefined, args: readonly string[]) {
    const name = `case${count++}`
    const outcomes = [
      await outcomeOf(join(root, name, 'theirs'), files, ['postconf'], args),
      await outcomeOf(join(root, name, 'ours'), files, [process.execPath, BIN, 'postconf'], args),
    ] as const
    return { theirs: outcomes[0], ours: outcomes[1] }
  }

  it('is the release that this is compared with', async () => {
    const { theirs } = await both({ main: '', master: '' }, ['-dh', 'mail_version'])
    expect(theirs.stdout).toMatch(release)
  })

  describe("G-36, G-49: main.cf.dist and master.cf.dist of Debian's package", () => {
    it.each([
      ...[['-n'], ['-nf'], ['-nh'], ['-nH'], ['-M'], ['-Mf'], ['-Mx'], ['-Mxf'], ['-F']],
      ...[['-Ff'], ['-FH'], ['-P'], ['-Pf'], ['-n', '-C', 'builtin'], ['-M', 'smtp', '*/inet']],
      ...[['relayhost', 'nosuch'], ['-x', 'smtpd_banner', 'mydestination'], ['relayhost=x']],
      ...[
        ['-X', 'inet_protocols'],
        ['-#', 'inet_protocols', 'mynetworks'],
      ],
      ...[
        ['-M', 'smtp/unix=smtp unix - - n - 7 smtp -o a=b'],
        ['-MX', 'uucp/unix'],
      ],
      ...[
        ['-M#', 'maildrop/unix'],
        ['-F', '*/unix/chroot=n'],
        ['-P', 'relay/unix/a=b'],
      ],
      ...[['-PX', 'relay/unix/syslog_name']],
    ])('postconf %s %s %s %s', async (...args) => {
      const { ours, theirs } = await both(undefined, args)
      expect(ours).toEqual(theirs)
    })

    // It names the process.
    it('-nx, but for the process id', async () => {
      const { ours, theirs } = await both(undefined, ['-nx'])
      const text = ({ stdout }: Outcome) => stdout.replace(/ddd \S+ \d+ /, '')
      expect(text(ours)).toBe(text(theirs))
    })

    it.each([['-d'], ['']])('%s: every parameter that it has, but for ids and paths', async (o) => {
      const { ours, theirs } = await both(undefined, o === '' ? [] : [o])
      const own = new Set(ours.stdout.split('\n'))
      const missing = theirs.stdout.split('\n').filter((line) => !own.has(line))
      const ofBuild = /^(config_directory|process_id) = /
      expect(missing.filter((line) => !ofBuild.test(line))).toEqual([])
    })
  })

  it.each(cases)('G-30, G-31: $args of $name', async ({ files, args }) => {
    const { ours, theirs } = await both(files, args)
    expect(ours).toEqual(theirs)
  })

  it('-c, MAIL_CONFIG and -c of posthouse choose the directory', async () => {
    const place = join(root, 'place')
    prepare(place, { main: 'relayhost = here\n', master: 'smtp unix - - n - - smtp\n' })
    const command = [process.execPath, BIN]
    const show = ['-h', 'relayhost']
    const variants = [
      run(place, [...command, 'postconf', '-c', 'CONF', ...show]),
      run(place, [...command, '-c', 'CONF', 'postconf', ...show]),
      run(place, [...command, 'postconf', ...show], { MAIL_CONFIG: 'CONF' }),
    ]
    for (const { stdout } of await Promise.all(variants)) expect(stdout).toBe('here\n')
  })

  it('many edits at once, ours and theirs, lose none', async () => {
    const place = join(root, 'many')
    prepare(place, { main: '# ours\n', master: '' })
    const names = Array.from({ length: 12 }, (_, at) => `name${at}`)
    const ours = [process.execPath, BIN, 'postconf']
    const edits = names.map((name, at) =>
      run(place, [...(at % 3 === 0 ? ['postconf'] : ours), '-c', 'CONF', `${name}=1`]),
    )
    for (const { status, stderr } of await Promise.all(edits))
      expect([status, stderr]).toEqual([0, ''])
    const lines = readFileSync(join(place, 'CONF/main.cf'), 'utf8').trim().split('\n')
    expect(lines.toSorted()).toEqual(['# ours', ...names.map((name) => `${name} = 1`)].toSorted())
    expect(existsSync(join(place, 'CONF/main.cf.tmp'))).toBe(false)
  }, 60_000)
})

/** Files have one character for each byte. Undefined: those of Debian. */
function prepare(place: string, files: Files | undefined): void {
  const directory = join(place, 'CONF')
  mkdirSync(directory, { recursive: true })
  for (const name of ['main', 'master'] as const) {
    const path = join(directory, `${name}.cf`)
    if (files === undefined) copyFileSync(join(DIST, `${name}.cf.dist`), path)
    else writeFileSync(path, files[name], 'latin1')
    utimesSync(path, 1e9, 1e9) // Postfix reads a file again that was just written.
  }
}

async function outcomeOf(
  place: string,
  files: Files | undefined,
  command: readonly string[],
  args: readonly string[],
): Promise<Outcome> {
  prepare(place, files)
  const { status, stdout, stderr } = await run(place, [...command, '-c', 'CONF', ...args])
  const messages = stderr.split('\n').filter((line) => line !== '')
  const content = (name: string) => readFileSync(join(place, 'CONF', name), 'latin1')
  return {
    ...{ status, stdout, stderr: [...new Set(messages)].sort() },
    ...{ main: content('main.cf'), master: content('master.cf') },
  }
}
