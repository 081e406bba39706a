import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

async function run(example: string): Promise<string> {
  const args = ['--conditions=@posthouse/source', join(root, 'examples', example)]
  return (await promisify(execFile)(process.execPath, args, { timeout: 30_000 })).stdout
}

it.each(['preemption.ts', 'feedback.ts', 'dead-destination.ts'])(
  'README shows what examples/%s prints',
  async (example) => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    expect(readme).toContain(`\`\`\`text\n${await run(example)}\`\`\``)
  },
  40_000,
)

it('simulate draws both schedulers, as text and as SVG, and README shows a part', async () => {
  const text = await run('simulate.ts')
  const rounds = [
    ...text.matchAll(/^([a-z ]+): a letter takes ([\d.]+) s\n((?: {2}\|[No ]+\n){4})/gm),
  ]
  expect(rounds.map(([, title]) => title)).toEqual(['round robin', 'preemptive'])
  const [roundRobin, preemptive] = rounds.map(([, , seconds]) => Number(seconds))
  expect(preemptive).toBeLessThan(roundRobin! / 4)
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(readme).toContain(`a letter takes ${roundRobin} s; with`)
  expect(readme).toContain(`\`\`\`text\n${rounds[1]?.[0]}\`\`\``)
  const svg = readFileSync(join(root, 'dist', 'simulation.svg'), 'utf8')
  expect(svg.match(/<rect /g)).toHaveLength(2 * (60 + 8))
}, 40_000)
