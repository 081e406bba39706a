import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { showBounceTemplates } from '@posthouse/bounce'
import { runPostconf } from '@posthouse/postconf'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { type Run, run } from './postconf-run.ts'
import { templateFiles, templateParts } from './postconf-template-cases.ts'

const BIN = join(import.meta.dirname, '../bin/posthouse.js')
const MAIN = `compatibility_level = 3.6
myhostname = Mail.XN--Mnchen-3ya.Example
mydomain = xn--mnchen-3ya.example
delay_warning_time = 4h
price = $$5
list = $price, $nosuch \xc3\xa9
`
const SECTION_END = /^EOF\n\n(?=\w+ = <<EOF\n)/m
const LOST_LINE_END = /[\0\x80-\xff]$/
const LOST_MARKER = /missing ".*" end marker/
// The first file has nothing, so all templates are built-in ones.
const EMPTY = 't0.cf'
const OPTIONS = ['-t', '-b'] as const
// Postfix sleeps for a second after an error, so many run at once.
const RUN_ALL = `ls *.cf | xargs -P 50 -I FILE sh -c 'for option in -t -b; do
  postconf -c CONF $option FILE >FILE$option.out 2>FILE$option.err; echo $? >FILE$option.status
done'`

const chance = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom(...templateParts), { maxLength: 14 }))
  .map(([isIn, parts]) => (isIn ? ['failure_template = <<EOF\n', ...parts, '\nEOF\n'] : parts))
  // Postfix takes these bytes for the end of the file, and loses the line.
  .filter((parts) => !LOST_LINE_END.test(parts.join('')))
const files = [
  ...templateFiles,
  ...fc.sample(chance, { numRuns: 200, seed: 1 }).map((parts) => parts.join('')),
].map((content, at) => ({ content, name: `t${at}.cf`, text: JSON.stringify(content) }))

describe.runIf(peersInstalled('postconf'))("bounce templates with Debian's postconf", () => {
  let root: string
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'posthouse-templates-'))
    mkdirSync(join(root, 'CONF'))
    write('CONF/main.cf', MAIN)
    for (const { name, content } of files) write(name, content)
    await run(root, ['sh', '-c', RUN_ALL])
  }, 60_000)
  afterAll(() => rmSync(root, { recursive: true }))

  function write(name: string, content: string): void {
    writeFileSync(join(root, name), content, 'latin1')
    utimesSync(join(root, name), 1e9, 1e9) // Postfix reads a file again that was just written.
  }

  const theirs = (...args: string[]) => run(root, ['postconf', '-c', 'CONF', ...args])
  const ours = (...args: string[]) => runHere(root, ['-c', 'CONF', ...args])

  function recorded(name: string, option: string): Run {
    const read = (kind: string) => readFileSync(join(root, `${name}${option}.${kind}`), 'latin1')
    return { status: Number(read('status')), stdout: read('out'), stderr: read('err') }
  }

  it.each(files)('F-78, F-80: $text', ({ name }) => {
    for (const option of OPTIONS) {
      const own = withoutBuiltIn(ours(option, name), ours(option, ''))
      const other = withoutBuiltIn(recorded(name, option), recorded(EMPTY, option))
      expect(own, option).toEqual(other)
    }
  })

  it('F-80: a file that is not there, a directory, and bounce_template_file', async () => {
    for (const args of [['-b', 'nosuch.cf'], ['-t', 'CONF'], ['-b', 'a', 'b'], ['-bt'], ['-bn']]) {
      expect(ours(...args)).toEqual(await theirs(...args))
    }
    write('set.cf', 'verify_template = here\n')
    write('CONF/main.cf', `${MAIN}bounce_template_file = $where\nwhere = set.cf\n`)
    for (const option of OPTIONS) {
      expect(sections(ours(option).stdout)[3]).toBe(sections((await theirs(option)).stdout)[3])
      expect(ours(option).stdout).toContain('\nhere\nEOF\n')
    }
    write('CONF/main.cf', MAIN)
  })

  it.each(OPTIONS)('F-80: posthouse postconf %s', async (option) => {
    write('set.cf', 'verify_template = here at $mydomain\nx = y\n')
    const program = await run(root, [
      process.execPath,
      BIN,
      '-c',
      'CONF',
      'postconf',
      option,
      'set.cf',
    ])
    expect(program).toEqual(ours(option, 'set.cf'))
    expect(program.stdout).toMatch(/\nhere at (\$mydomain|m\xc3\xbcnchen\.example)\nEOF\n$/)
  })
})

/** The command in this process, which is faster. */
function runHere(root: string, args: readonly string[]): Run {
  const output = { stdout: '', stderr: '' }
  const add = (name: keyof typeof output) => (bytes: Uint8Array) => {
    output[name] += Buffer.from(bytes).toString('latin1')
  }
  const unused = () => expect.unreachable()
  const status = runPostconf(args, {
    environment: {
      ...{ hostname: 'vm', configDirectory: 'CONF', processName: 'postconf', processId: 1 },
      interfaceAddresses: [],
      readFile: (path) => readFileSync(join(root, path)),
    },
    builtInDirectory: 'CONF',
    replaceFile: unused,
    showBounceTemplates,
    opensslVersion: '',
    publicKeyAlgorithms: unused,
    ...{ stdout: add('stdout'), stderr: add('stderr') },
  })
  return { status, ...output }
}

function withoutBuiltIn({ status, stdout, stderr }: Run, builtIn: Run) {
  const texts = sections(builtIn.stdout)
  // Postfix may repeat messages, and show a part of the last line in place of the marker.
  const lines = stderr.split('\n').map((line) => line.replace(LOST_MARKER, 'missing end marker'))
  const messages = [...new Set(lines)]
  const shown = sections(stdout).map((text, at) => (text === texts[at] ? 'built-in' : text))
  return { status, shown, messages }
}

function sections(text: string): string[] {
  return text.split(SECTION_END)
}
