import { parseMainCf } from '@posthouse/config'
import { decodeAddress } from '@posthouse/mail-address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MemoryWorld } from '../test/memory-world.ts'
import defaults from '../vectors/defaults.json' with { type: 'json' }
import edits from '../vectors/edit.json' with { type: 'json' }
import shows from '../vectors/show.json' with { type: 'json' }

const MASTER = 'smtp unix - - n - - smtp\n'

describe('postconf shows what Postfix shows', () => {
  describe.each(shows.cases)('$name', ({ main, master, runs }) => {
    it.each(runs)('G-36, G-49: postconf $args', ({ args, status, stdout, stderr }) => {
      const world = new MemoryWorld(main, master)
      const ownStatus = world.run(args)
      expect(world.stdout).toBe(stdout)
      expect(world.messages).toEqual(stderr.filter((line) => !line.includes('usage:')))
      expect(ownStatus).toBe(status)
    })
  })
})

describe('postconf edits as Postfix does', () => {
  it.each(edits.cases)('G-36, G-49: postconf $args of $main, $master', (vector) => {
    const { main, master, args, status, stdout, stderr, mainAfter, masterAfter } = vector
    const world = new MemoryWorld(main, master)
    const ownStatus = world.run(args)
    expect(world.files.get('CONF/main.cf')).toBe(mainAfter ?? main)
    expect(world.files.get('CONF/master.cf')).toBe(masterAfter ?? master ?? undefined)
    expect(world.stdout).toBe(stdout)
    expect(world.messages).toEqual(stderr)
    expect(ownStatus).toBe(status)
  })
})

describe('postconf -d', () => {
  const world = new MemoryWorld(null, MASTER)
  world.run(['-d'])
  const printed = new Map(
    world.stdout.split('\n').map((line) => line.split(/ = ?/, 2) as [string, string]),
  )

  it.each(defaults.parameters)('G-168: $name', ({ name, default: value }) => {
    // What stands for every transport is printed for those that master.cf has.
    const own = name.replace(/^transport_(?!maps|retry_time)/, 'smtp_')
    expect(printed.get(own)).toBe(value.replace(/\s+/g, ' '))
  })

  it('is sorted byte by byte, and has no name twice', () => {
    const names = [...printed.keys()].slice(0, -1)
    expect(names).toEqual([...names].sort())
    expect(world.stdout.split('\n').length).toBe(printed.size)
  })
})

describe('where Posthouse differs', () => {
  it('a new setting does not get into a last line without newline', () => {
    expect(edited('a=b', null, ['c=d', 'b=1'])).toBe('a=b\nc = d\nb = 1\n')
  })

  it('bytes behind a NUL stay', () => {
    expect(edited('a=b\0c\nd=e\n', null, ['d=f'])).toBe('a=b\0c\nd = f\n')
  })

  it('-Fe refuses an empty field', () => {
    const world = new MemoryWorld('', MASTER)
    expect(world.run(['-F', 'smtp/unix/wakeup='])).toBe(1)
    expect(world.stderr).toBe('postconf: fatal: invalid wakeup field "" in ""\n')
    expect(world.files.get('CONF/master.cf')).toBe(MASTER)
  })

  it('-oNAME=VALUE is one option, and braces stay', () => {
    const world = new MemoryWorld('', 'x unix - - n - - pipe -omyorigin=a {{b}} {}\n')
    world.run(['-P', 'x/unix/c=d'])
    expect(world.files.get('CONF/master.cf')?.split('\n').slice(1)).toEqual([
      '    -o myorigin=a',
      '    -o c=d',
      '    {{b}} {}',
      '',
    ])
  })

  it('-j prints one JSON object a line', () => {
    const world = new MemoryWorld('relayhost = a\xff  b\n', 'x unix - - n - - smtp -o a={$b}\n')
    world.run(['-nj', 'relayhost'])
    world.run(['-jM'])
    world.run(['-jF', 'x/unix/chroot'])
    world.run(['-jP'])
    expect(world.stdout.split('\n')).toEqual([
      '{"name":"relayhost","value":"a\\udcff  b"}',
      '{"service":"x","type":"unix","private":"-","unprivileged":"-","chroot":"n","wakeup":"-","process_limit":"-","command":"smtp -o a={$b}"}',
      '{"service":"x","type":"unix","field":"chroot","value":"n"}',
      '{"service":"x","type":"unix","parameter":"a","value":"{$b}"}',
      '',
    ])
    expect(world.run(['-jf'])).toBe(1)
    expect(world.stderr).toContain('postconf: fatal: specify one of -f -j\n')
  })

  it('-m, -a, -A, -l and -T print what Posthouse has', () => {
    const world = new MemoryWorld('', MASTER)
    expect(['-m', '-A', '-a', '-l'].map((option) => world.run([option]))).toEqual([0, 0, 0, 0])
    expect(world.run(['-T', 'run-version'])).toBe(0)
    expect(world.run(['-T', 'public-key-algorithms'])).toBe(0)
    expect(world.stdout).toMatch(/^cidr\n.*\nunionmap\nOpenSSL 3\.5\.4\nmade\nup\n$/s)
  })

  it('-v names settings that were read, and the file that is edited', () => {
    const world = new MemoryWorld('relayhost=a\n', MASTER)
    world.run(['-v', 'relayhost'])
    world.run(['-ev', 'relayhost=b'])
    expect(world.stderr).toContain('postconf: CONF/main.cf, line 1: relayhost = a\n')
    expect(world.stderr).toContain('postconf: edit CONF/main.cf\n')
  })
})

const fileText = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b = c', 'smtp', '=', ' ', '\t', '#', '\n', '$') },
    fc.constantFrom('${', '{', '}', '-o', '\r', '\0', 'unix', '- - n - - smtp', '\n  ', '\xff'),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
  { maxLength: 60 },
)

describe('properties', () => {
  it('any bytes as main.cf and master.cf are shown, or end with an error that says where', () => {
    fc.assert(
      fc.property(fileText, fileText, fc.constantFrom('-n', '-nx', '-M', '-P'), (a, b, option) => {
        const world = new MemoryWorld(a.join(''), b.join(''))
        const status = world.run([option])
        const isLocated =
          /fatal: (.*CONF\/ma.*|invalid \w+ field .* in ".*"|macro processing error)\n$/
        if (status !== 0) expect(world.stderr).toMatch(isLocated)
      }),
      { numRuns: 1500 },
    )
  })

  it('what is set and then removed leaves the file as if it had been removed', () => {
    const name = fc.stringMatching(/^[a-c]$/)
    fc.assert(
      fc.property(fileText, name, (parts, name) => {
        const before = `x = 1\n${parts.join('')}\n`
        const after = edited(before, null, [`${name}=new`])
        expect(edited(after, null, ['-X', name])).toBe(edited(before, null, ['-X', name]))
      }),
      { numRuns: 1000 },
    )
  })

  it('what was set is what main.cf says when it is read', () => {
    const value = fc.stringMatching(/^[!-~]([ -~\xa0-\xff]{0,30}[!-~])?$/)
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('# c\n', 'b = 1\n', 'a = x\n', ' y\n', '\n')),
        value,
        (lines, value) => {
          const after = edited(`z=0\n${lines.join('')}`, null, [`a=${binary(value)}`])
          const mainCf = parseMainCf(decodeAddress(Buffer.from(after, 'latin1')), 'main.cf')
          expect(mainCf.entries.get('a')?.value).toBe(value)
        },
      ),
      { numRuns: 500 },
    )
  })
})

function binary(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function edited(main: string, master: string | null, args: readonly string[]): string {
  const world = new MemoryWorld(main, master)
  expect(world.run(args)).toBe(0)
  return world.files.get('CONF/main.cf')!
}
