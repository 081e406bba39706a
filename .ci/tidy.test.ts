// Style as a test: what a machine can check of the house's rules, over every package and app.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

// A package may import packages of lower floors only. New package: add it here, once.
const FLOORS = [
  [
    'clock',
    'delivery-status',
    'mail-address',
    'mail-log',
    'netstring',
    'posix-options',
    'sasl-client',
  ],
  ['config', 'dns-client', 'lookup-table', 'mime-stream', 'mx-lookup', 'queue-store', 'scheduler'],
  [
    'address-resolver',
    'bounce',
    'cleanup',
    'connection-cache',
    'pickup',
    'postcat',
    'postconf',
    'postdrop',
    'postqueue',
    'postsuper',
    'qmqp-client',
    'qmqp-server',
    'qshape',
    'sendmail',
    'smtp-client',
  ],
  ['master', 'queue-manager'],
]
const floorOf = new Map<string, number>(
  FLOORS.flatMap((names, floor) => names.map((name) => [`@posthouse/${name}`, floor] as const)),
)

const BANNED: [pattern: RegExp, instead: string][] = [
  [/\bDate\.now\b|new Date\(\)|(?<!\.)\bset(Timeout|Interval)\(/, 'a Clock'],
  [/\bMath\.random\b/, 'a random source passed in'],
  [/\bconsole\./, 'a Logger'],
  [/(?<![/-])\bprocess\./, 'a parameter that the app fills'],
  [/from '\.\.\/\.\.\//, 'the other package by its name'],
  [/\b(FIXME|XXX)\b|\bTODO\b(?!\(#\d+\))/, 'an issue'],
  [/\bexport (default|\*)/, 'named exports'],
]
// Titles and literals of tests.
const UNBREAKABLE = /^\s*(it\('|'[^']*',?$|\/\^.*\/,$)/
const MAY_TOUCH_TIME = 'packages/clock/src/'
const BANNED_NAMES = /^(utils?|helpers?|common|shared|misc|types|service|base|impl)\.ts$/
const README_HEADINGS = ['Install', 'Quick start', 'API', 'Limits', 'Standards']

const root = join(import.meta.dirname, '..')
const packages = readdirSync(join(root, 'packages'))
const sources = ['packages', 'apps', '.ci'].flatMap(listSources)
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe.each(packages)('package %s', (name) => {
  const manifest = JSON.parse(read(`packages/${name}/package.json`))
  const inner = Object.keys(manifest.dependencies ?? {}).filter((dependency) =>
    dependency.startsWith('@posthouse/'),
  )

  it('depends downwards', () => {
    expect(floorOf.has(manifest.name), 'listed in FLOORS').toBe(true)
    const own = floorOf.get(manifest.name) ?? -1
    expect(inner.filter((dependency) => (floorOf.get(dependency) ?? own) >= own)).toEqual([])
  })

  it('declares what it imports, in package.json and tsconfig.json', () => {
    const imported = new Set(
      sources
        .filter((path) => path.startsWith(`packages/${name}/src/`) && !path.endsWith('.test.ts'))
        .flatMap((path) => [...read(path).matchAll(/from '(@posthouse\/[^']+)'/g)])
        .map((match) => match[1]),
    )
    expect(inner.toSorted()).toEqual([...imported].toSorted())
    const { references = [] } = JSON.parse(read(`packages/${name}/tsconfig.json`))
    const referenced = references.map(
      ({ path }: { path: string }) => `@posthouse/${basename(path)}`,
    )
    expect(referenced.toSorted()).toEqual(inner.toSorted())
  })

  it('has the anatomy of a package', () => {
    const expected = {
      name: `@posthouse/${name}`,
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=22.19' },
    }
    expect(manifest).toMatchObject(expected)
    expect(manifest.exports['.']['@posthouse/source']).toBe('./src/index.ts')
    expect(read(`packages/${name}/LICENSE`)).toBe(read('LICENSE'))
    expect(existsSync(join(root, `packages/${name}/CHANGELOG.md`))).toBe(true)
    const entry = read(`packages/${name}/src/index.ts`)
    const rest = entry.replace(/export (type )?\{[^}]*\} from '\.\/[\w/-]+\.ts'\n/g, '')
    expect(rest, 'code in index.ts').toBe('')
  })

  it('has a README with the headings of the house', () => {
    const readme = read(`packages/${name}/README.md`)
    const headings = [...readme.matchAll(/^## (.+)$/gm)].map((match) => match[1])
    expect(headings).toEqual(README_HEADINGS)
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120)
  })

  it('README quotes examples/quick-start.ts and what it prints', async () => {
    const readme = read(`packages/${name}/README.md`)
    const example = `packages/${name}/examples/quick-start.ts`
    expect(readme).toContain(`\`\`\`ts\n${read(example)}\`\`\``)
    const args = ['--conditions=@posthouse/source', join(root, example)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
    expect(readme).toContain(`\`\`\`text\n${stdout}\`\`\``)
  }, 40_000)
})

describe.each(sources)('%s', (path) => {
  const source = read(path)
  const isTest = path.endsWith('.test.ts') || path.includes('/test/')

  it('is short, in lines and columns', () => {
    const lines = source.split('\n')
    expect(lines.length).toBeLessThanOrEqual(isTest ? 800 : 400)
    const tooLong = lines.filter((line) => line.length > 100 && !(isTest && UNBREAKABLE.test(line)))
    expect(tooLong).toEqual([])
  })

  it('has a name that says what it is for', () => {
    expect(basename(path)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*((\.[a-z]+)?\.test)?\.ts$/)
    expect(basename(path)).not.toMatch(BANNED_NAMES)
  })

  if (isTest) {
    it('skips no test and singles out none', () => {
      expect(source).not.toMatch(/\b(it|test|describe)\.(only|skip|todo)\b/)
    })
  } else if (/^packages\/[^/]+\/src\//.test(path)) {
    it('takes the world as parameters', () => {
      for (const [pattern, instead] of BANNED) {
        if (path.startsWith(MAY_TOUCH_TIME) && instead === 'a Clock') continue
        expect(stripComments(source), `use ${instead}`).not.toMatch(pattern)
      }
    })
  }
})

it('the lockfile names no registry', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/)
})

function listSources(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
}

function stripComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '')
}
