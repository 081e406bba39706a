import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Scene } from './scene.ts'
import { until } from './until.ts'

/** A log file in a directory of its own, and what log rotation makes of it. */
export class LogFile {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'posthouse-log-'))
  readonly path: string = join(this.directory, 'mail.log')

  /** Opens a scene that logs here. */
  openScene(parameters: Readonly<Record<string, string>> = {}): Promise<Scene> {
    return Scene.open({
      parameters: { maillog_file: this.path, maillog_file_prefixes: '/', ...parameters },
      started: () => this.contains('daemon started'),
    })
  }

  /** What is in the file that has the name now. */
  text(): string {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8') : ''
  }

  lines(): string[] {
    return this.text().trimEnd().split('\n')
  }

  /** Everything that was logged, files that were moved away included. */
  allText(): string {
    const names = readdirSync(this.directory)
    return names.map((name) => readFileSync(join(this.directory, name), 'utf8')).join('')
  }

  contains(text: string): Promise<void> {
    return until(
      () => this.text().includes(text),
      () => `no "${text}" in the log, which ends\n${this.lines().slice(-20).join('\n')}`,
    )
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }
}
