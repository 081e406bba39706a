import type { MasterService } from '@posthouse/config'

import type { Configuration } from '../load-configuration.ts'
import { openFileLimit } from '../open-files.ts'

const SHARE_OF_FILES = 8 // The rest is for mail.
const FILES_PER_CLIENT = 20 // Its socket, directories, and the files that are read ahead.

/**
 * How many clients a service that reads the queue serves at a time: its process limit in master.cf,
 * as far as open files allow it.
 */
export function clientLimit({ configOf }: Configuration, service: MasterService): number {
  const processes = service.processLimit ?? configOf(service).default_process_limit
  const files = openFileLimit() ?? Number.POSITIVE_INFINITY
  const most = Math.max(1, Math.floor(files / SHARE_OF_FILES / FILES_PER_CLIENT))
  return processes === 0 ? most : Math.min(processes, most)
}
