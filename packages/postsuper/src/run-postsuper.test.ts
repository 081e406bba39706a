import { describe, expect, it } from 'vitest'

import { MemoryTree, NOW_MS } from '../test/memory-tree.ts'
import structure from '../vectors/structure.json' with { type: 'json' }
import { PostsuperError, type PostsuperPorts, repairQueue, runPostsuper } from './index.ts'

const SETTINGS = { hashQueueNames: ['deferred', 'defer'], hashQueueDepth: 1, longQueueIds: false }
const DIRECTORIES = /\/(.|somedir)$/
const OLD = ['incoming/123456.789', 'maildrop/55555.66']

async function postsuper(
  tree: MemoryTree,
  args: readonly string[],
  changes: Partial<PostsuperPorts> = {},
  settings: typeof SETTINGS = SETTINGS,
) {
  const lines: string[] = []
  const openQueue = () => ({ directory: '/queue', ...settings })
  const ports = { ...tree.ports((line) => lines.push(line)), openQueue, ...changes }
  const status = await runPostsuper(args, ports)
  return { status, lines }
}

describe('F-23 to F-28: repairs that were recorded of Postfix', () => {
  it.each(structure)('$title: $args', async (scene) => {
    const tree = new MemoryTree()
    for (const line of scene.before) {
      tree.addListed(line, DIRECTORIES.test(line), OLD.includes(line.split(' ')[2] ?? ''))
    }
    const { status, lines } = await postsuper(tree, scene.args, {}, scene.settings)
    expect(lines.toSorted()).toEqual(scene.stderr.toSorted())
    expect(status).toBe(scene.status)
    expect(tree.listing()).toEqual(scene.after.map(withoutInodeOfDirectory).sort())
  })
})

// Those of new directories are what they happen to be.
function withoutInodeOfDirectory(line: string): string {
  return DIRECTORIES.test(line) ? line.replace(/ \S+/, '') : line
}

// Ids whose inode numbers are right.
function queueWith(...paths: readonly string[]): MemoryTree {
  const tree = new MemoryTree()
  for (const path of paths) {
    const [, parents = ''] = /^(\w+\/\w)\/\w{6,}$/.exec(path) ?? []
    if (parents !== '') tree.add(parents, 0o040700)
    const isLog = /^(defer|bounce|trace)\//.test(path)
    const mode = isLog ? 0o100600 : path.startsWith('maildrop/') ? 0o100744 : 0o100700
    tree.add(path, mode, Number.parseInt(path.slice(path.lastIndexOf('/') + 6), 16))
  }
  return tree
}

describe('F-87: actions on messages', () => {
  // What is in the queue, what is asked, what is said (without the name of the program), what is
  // in the queue then. From the recorded runs where these have a case.
  it.each([
    [
      '-d removes',
      ['hold/00001A'],
      ['-d', '00001A'],
      ['00001A: removed', 'Deleted: 1 message'],
      [],
    ],
    [
      '-d of two',
      ['hold/00001A', 'deferred/0/00002B'],
      ['-d', '00001A', '-d', '00002B'],
      ['00001A: removed', '00002B: removed', 'Deleted: 2 messages'],
      [],
    ],
    [
      '-d takes logs along',
      ['maildrop/00001A', 'defer/0/00001A', 'bounce/00001A', 'trace/00001A'],
      ['-d', '00001A'],
      ['00001A: removed', 'Deleted: 1 message'],
      [],
    ],
    [
      '-d in another queue',
      ['hold/00001A'],
      ['-d', '00001A', 'deferred'],
      ['Deleted: 0 messages'],
      ['hold/00001A'],
    ],
    ['-d of what is not there', [], ['-d', 'all'], ['Deleted: 0 messages'], []],
    [
      '-d of no id',
      [],
      ['-d', 'bad/id', '-d', ''],
      [
        'warning: invalid mail queue id: bad/id',
        'warning: invalid mail queue id: ',
        'Deleted: 0 messages',
      ],
      [],
    ],
    [
      '-h',
      ['deferred/0/00001A'],
      ['-h', '00001A'],
      ['00001A: placed on hold', 'Placed on hold: 1 message'],
      ['hold/00001A'],
    ],
    [
      '-h of what is on hold',
      ['hold/00001A'],
      ['-h', '00001A'],
      ['Placed on hold: 0 messages'],
      ['hold/00001A'],
    ],
    [
      '-h not in maildrop',
      ['maildrop/00001A'],
      ['-h', '00001A'],
      ['Placed on hold: 0 messages'],
      ['maildrop/00001A'],
    ],
    [
      '-H',
      ['hold/00001A'],
      ['-H', '00001A'],
      ['00001A: released from hold', 'Released from hold: 1 message'],
      ['deferred/0/00001A'],
    ],
    [
      '-r keeps logs',
      ['active/00001A', 'defer/0/00001A'],
      ['-r', '00001A'],
      ['00001A: requeued', 'Requeued: 1 message'],
      ['defer/0/00001A', 'maildrop/00001A'],
    ],
    [
      '-f',
      ['hold/00001A'],
      ['-f', '00001A'],
      [
        '00001A: expired',
        '00001A: released from hold',
        'Force-expired: 1 message',
        'Released from hold: 1 message',
      ],
      ['deferred/0/00001A'],
    ],
    [
      '-h ALL',
      ['active/00001A', 'incoming/00002B', 'maildrop/00003C'],
      ['-h', 'ALL'],
      ['Placed on hold: 2 messages'],
      ['hold/00001A', 'hold/00002B', 'maildrop/00003C'],
    ],
    [
      '-H ALL',
      ['hold/00001A', 'active/00002B'],
      ['-H', 'ALL'],
      ['Released from hold: 1 message'],
      ['active/00002B', 'deferred/0/00001A'],
    ],
    [
      '-r ALL',
      ['hold/00001A', 'active/00002B'],
      ['-r', 'ALL'],
      ['Requeued: 2 messages'],
      ['maildrop/00001A', 'maildrop/00002B'],
    ],
    [
      '-d ALL, logs too',
      ['hold/00001A', 'defer/0/00001A', 'flush/example_org'],
      ['-d', 'ALL'],
      ['Deleted: 1 message'],
      [],
    ],
    [
      'in the order given',
      ['hold/00001A', 'deferred/0/00002B'],
      ['-H', '00001A', '-h', '00002B', '-d', '00001A'],
      [
        '00001A: released from hold',
        '00002B: placed on hold',
        '00001A: removed',
        'Deleted: 1 message',
        'Placed on hold: 1 message',
        'Released from hold: 1 message',
      ],
      ['hold/00002B'],
    ],
  ] as const)('%s', async (_, before, args, said, after) => {
    const tree = queueWith(...before)
    const { status, lines } = await postsuper(tree, args)
    expect(lines).toEqual(said.map((line) => `postsuper: ${line}`))
    expect(status).toBe(0)
    const files = tree.listing().filter((line) => !DIRECTORIES.test(line))
    expect(files.map((line) => line.split(' ')[2]).sort()).toEqual(after)
  })

  it('- reads ids from standard input, a line each', async () => {
    const tree = queueWith('hold/00004A', 'hold/00006B')
    const input = '00004A\n00005A!\nnosuchid\n\n00006B\n'
    const readInput = async () => Buffer.from(input)
    const { lines } = await postsuper(tree, ['-d', '-'], { readInput })
    expect(lines).toEqual([
      'postsuper: 00004A: removed',
      'postsuper: warning: invalid mail queue id: 00005A!',
      'postsuper: warning: invalid mail queue id: ',
      'postsuper: 00006B: removed',
      'postsuper: Deleted: 2 messages',
    ])
  })

  it('F-13, F-15: -e sets 0010 once and leaves the time; -r sets the time, -r ALL does not', async () => {
    const tree = queueWith('hold/00001A')
    const node = () => [...tree.nodes].find(([path]) => path.endsWith('00001A'))?.[1]
    node()!.modifiedMs = 1000
    expect((await postsuper(tree, ['-e', '00001A'])).lines).toContain('postsuper: 00001A: expired')
    expect((await postsuper(tree, ['-e', 'ALL'])).lines).toEqual([
      'postsuper: Force-expired: 0 messages',
    ])
    expect(node()?.mode).toBe(0o100710)
    await postsuper(tree, ['-h', '00001A', '-H', '00001A'])
    expect(node()?.modifiedMs).toBe(1000)
    await postsuper(tree, ['-r', 'ALL'])
    expect(node()?.modifiedMs).toBe(1000)
    const other = queueWith('hold/00001A')
    other.nodes.get('/queue/hold/00001A')!.modifiedMs = 1000
    await postsuper(other, ['-r', '00001A'])
    expect(other.nodes.get('/queue/maildrop/00001A')?.modifiedMs).toBe(NOW_MS)
  })

  it('F-87: a message that moves while it is looked for is found', async () => {
    const tree = queueWith('active/00001A')
    let looks = 0
    const status = (path: string) => {
      if (++looks === 3) tree.tree.rename('/queue/active/00001A', '/queue/incoming/00001A')
      return tree.tree.status(path)
    }
    const { lines } = await postsuper(tree, ['-d', '00001A'], { tree: { ...tree.tree, status } })
    expect(lines).toEqual(['postsuper: 00001A: removed', 'postsuper: Deleted: 1 message'])
  })

  it('F-14: a message that is being written is not touched', async () => {
    const tree = new MemoryTree()
    tree.add('incoming/00001A', 0o100600, 0xa)
    const args = ['-d', '00001A', '-h', '00001A', '-r', '00001A', '-e', '00001A']
    await postsuper(tree, args)
    expect(tree.listing()).toEqual(['600 A incoming/00001A'])
  })
})

describe('refusals', () => {
  it.each([
    [['-c', 'relative', '-d', 'X'], ['fatal: -c requires absolute pathname']],
    [['nosuchdir'], ['fatal: invalid directory name: nosuchdir']],
    [['-d', 'X', 'corrupt'], ['fatal: invalid directory name: corrupt']],
    [['-h', 'ALL', 'deferred', '-H', 'ALL'], ['fatal: invalid directory name: -H']],
    [['-x'], ["invalid option -- 'x'", expect.stringMatching(/^fatal: usage: postsuper \[-c/)]],
  ])('F-87: postsuper %j', async (args, expected) => {
    const { status, lines } = await postsuper(queueWith('hold/00001A'), args)
    expect(lines.map((line) => line.replace(/^postsuper: /, ''))).toEqual(expected)
    expect(status).toBe(1)
  })

  it('F-87: who is not the superuser', async () => {
    const tree = queueWith('hold/00001A')
    const { status, lines } = await postsuper(tree, ['-d', 'ALL'], { isSuperuser: false })
    expect(lines).toEqual(['postsuper: fatal: use of this command is reserved for the superuser'])
    expect(status).toBe(1)
    expect(tree.listing()).toHaveLength(1)
  })

  it('F-1: a queue directory that is not there is not taken for a message that vanished', async () => {
    const tree = queueWith('hold/00001A')
    tree.nodes.delete('/queue/maildrop')
    const { status, lines } = await postsuper(tree, ['-r', '00001A'])
    expect(lines).toEqual([
      'postsuper: fatal: rename file hold/00001A as maildrop/00001A: no such directory',
    ])
    expect(status).toBe(1)
    expect(tree.listing()).toEqual(['700 A hold/00001A'])
  })

  it('F-24: a hash directory that cannot be removed ends the repair', async () => {
    const tree = new MemoryTree()
    tree.add('hold/C', 0o040700)
    tree.add('hold/C/bad-name')
    const { status, lines } = await postsuper(tree, [])
    expect(lines).toEqual([
      'postsuper: warning: bogus file name: hold/C/bad-name',
      'postsuper: fatal: remove directory hold/C: Directory not empty',
    ])
    expect(status).toBe(1)
  })

  it.each(['ABCDE', 'AB3'])('F-6: %s, too short for an inode, stays what it is', async (name) => {
    const tree = new MemoryTree()
    tree.add(`hold/${name}`, 0o100700, 0xa)
    const { status, lines } = await postsuper(tree, ['-s'])
    expect(lines).toEqual([`postsuper: warning: bogus file name: hold/${name}`])
    expect(status).toBe(0)
    expect(tree.listing()).toEqual([`700 A hold/${name}`])
  })

  it('F-27: an end in the middle of a renaming says so, and the next run completes it', async () => {
    const tree = queueWith('hold/00001A')
    tree.add('hold/00002B', 0o100700, 0xccc)
    let pauses = 0
    const pause = async () => {
      if (++pauses > 0) throw new PostsuperError('ended by SIGTERM')
    }
    for (let more = 0; more < 300; more++) tree.add(`flush/site${more}`, 0o100600)
    const { status, lines } = await postsuper(tree, ['-s'], { pause })
    expect(lines.slice(-2)).toEqual([
      'postsuper: fatal: ended by SIGTERM',
      'postsuper: warning: OPERATION INCOMPLETE -- RERUN COMMAND TO FIX THE QUEUE FIRST',
    ])
    expect(status).toBe(1)
    expect([...tree.nodes.keys()]).toContain('/queue/hold/00002CCC#FIX')
    await postsuper(tree, ['-s'])
    expect([...tree.nodes.keys()]).toContain('/queue/hold/00002CCC')
  })
})

it('F-26: a long name of a copied file stays, with -p too; -S gives it its inode number', async () => {
  const tree = new MemoryTree()
  tree.add('hold/4jWLXn5wNRzJbJw', 0o100700, 0x21a166)
  const settings = { ...SETTINGS, longQueueIds: true }
  expect((await postsuper(tree, [], {}, settings)).lines).toEqual([])
  expect(tree.listing()).toEqual(['700 21A166 hold/4jWLXn5wNRzJbJw'])
  await postsuper(tree, ['-S'], {}, settings)
  expect(tree.listing()).toContain('700 21A166 hold/4jWLXn5wNRzJbLn')
})

describe('what Postfix would lose', () => {
  it('a file is not renamed over another', async () => {
    const tree = new MemoryTree()
    const name = '4jWLXn5wNRzJbJw'
    tree.add('deferred/C', 0o040700)
    tree.add(`deferred/C/${name}`)
    tree.add(`deferred/${name}`)
    const settings = { ...SETTINGS, longQueueIds: true }
    const { lines } = await postsuper(tree, ['-s'], {}, settings)
    expect(lines).toEqual([
      `postsuper: warning: deferred/${name}: not renamed to deferred/C/${name}: file exists`,
    ])
    expect(tree.listing()).toHaveLength(3)
  })
})

it('F-22: repairQueue does what postsuper without arguments does', async () => {
  const tree = new MemoryTree()
  tree.add('hold/00001ABC', 0o100700, 0x77)
  const lines: string[] = []
  const ports = { ...tree.ports(() => {}), say: (line: string) => lines.push(line) }
  expect(await repairQueue({ directory: '/queue', ...SETTINGS }, ports)).toBe(1)
  expect(lines).toEqual([
    'Renamed to match inode number: 1 message',
    'warning: QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS',
  ])
  expect([...tree.nodes.keys()]).toContain('/queue/hold/0000177')
})
