import { parameters, type Settings } from '@posthouse/config'
import type { HashingOptions } from '@posthouse/queue-store'

import { loadSettings, queueDirectoryOf } from '../load-configuration.ts'
import type { ToolCall } from './tool-call.ts'

/**
 * main.cf as a tool reads it: that of its `-c`, else the one the program was called with.
 *
 * @throws {ConfigError}
 */
export function settingsOf(call: ToolCall, configDirectory: string | undefined): Settings {
  return loadSettings(configDirectory ?? call.configDirectory)
}

/** Where queue files are. @throws {ConfigError} */
export function hashingOf(settings: Settings): HashingOptions {
  return {
    directory: queueDirectoryOf(settings),
    hashQueueNames: settings.expanded('hash_queue_names').split(/[,\s]+/),
    hashQueueDepth: Number(parsedValue(settings, 'hash_queue_depth')),
  }
}

/** A parameter's value in its type. @throws {ConfigError} */
function parsedValue(settings: Settings, name: string): unknown {
  const row = parameters.get(name)
  return row === undefined ? undefined : settings.parsed(name, row)
}
