import { type PostconfPorts, runPostconf, type ShowBounceTemplates } from '../src/index.ts'

/** A directory CONF in memory; files and output have one character for each byte. */
export class MemoryWorld {
  readonly files: Map<string, string> = new Map()
  stdout = ''
  stderr = ''
  showBounceTemplates: ShowBounceTemplates = () => ({ text: '', warnings: [], error: undefined })

  constructor(main: string | null, master: string | null) {
    if (main !== null) this.files.set('CONF/main.cf', main)
    if (master !== null) this.files.set('CONF/master.cf', master)
  }

  /** Runs postconf; arguments have one character for each byte, too. */
  run(args: readonly string[]): number {
    const ports: PostconfPorts = {
      environment: {
        hostname: 'vm',
        configDirectory: 'CONF',
        processName: 'postconf',
        processId: 7,
        interfaceAddresses: ['127.0.0.1/8'],
        readFile: (path) => this.#read(path),
      },
      builtInDirectory: '/etc/postfix',
      replaceFile: (path, edit) => this.files.set(path, latin1(edit(this.#read(path)))),
      showBounceTemplates: (request) => this.showBounceTemplates(request),
      opensslVersion: '3.5.4',
      publicKeyAlgorithms: () => ['made', 'up'],
      stdout: (bytes) => {
        this.stdout += latin1(bytes)
      },
      stderr: (bytes) => {
        this.stderr += latin1(bytes)
      },
    }
    return runPostconf(
      args.map((arg) => Buffer.from(arg, 'latin1').toString('utf8')),
      ports,
    )
  }

  /** Messages without repetitions, sorted; without the usage, which has our options. */
  get messages(): string[] {
    const lines = this.stderr.split('\n').filter((line) => line !== '')
    return [...new Set(lines.filter((line) => !line.includes('usage:')))].sort()
  }

  #read(path: string): Uint8Array {
    const content = this.files.get(path)
    if (content === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT' })
    return Buffer.from(content, 'latin1')
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
