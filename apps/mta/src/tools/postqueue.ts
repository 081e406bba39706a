import { once } from 'node:events'
import { constants, existsSync, statSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Config, ConfigError } from '@posthouse/config'
import { dropPrivileges, lookUpMailOwner } from '@posthouse/master'
import {
  type MailSystem,
  type PostqueuePorts,
  type QueueUser,
  runMailq,
  runPostqueue,
  runQueue,
} from '@posthouse/postqueue'

import { listingOptions, listingPorts } from '../listing-options.ts'
import { loadMainConfig, queueDirectoryOf } from '../load-configuration.ts'
import { domainMatcher, type ListUser, parentStyle } from '../match-lists.ts'
import { systemAccounts } from '../system-accounts.ts'
import { Tables } from '../tables.ts'
import { triggerService } from '../trigger-service.ts'
import { endQuietly } from './quiet-end.ts'
import {
  findSetGidProgram,
  isAllowed,
  isSetGid,
  runInstead,
  type SetGidProgram,
  trustedDirectory,
} from './set-gid.ts'
import { stderrLog } from './stderr-log.ts'
import type { ToolCall } from './tool-call.ts'

/** postqueue(1). For who may not reach the services, the one that is set-gid does it. */
export async function postqueue(call: ToolCall): Promise<number> {
  const program = programForOthers(call.configDirectory)
  if (program !== undefined) return runInstead(program, call.args, call.configDirectory)
  return runPostqueue(call.args, portsOf(call))
}

/** mailq(1). */
export function mailq(call: ToolCall): Promise<number> {
  return runMailq(call.args, portsOf(call), (args) => postqueue({ ...call, args }))
}

/** Undefined if it is broken: that is said by who needs it. */
function readableConfig(directory: string): Config | undefined {
  try {
    return loadMainConfig(directory)
  } catch {
    return undefined
  }
}

/** A postqueue that is set-gid, if this user needs one and there is one. */
function programForOthers(configDirectory: string): SetGidProgram | undefined {
  if (process.getuid?.() === 0 || isSetGid()) return undefined
  const config = readableConfig(configDirectory)
  if (config === undefined) return undefined
  const services = join(queueDirectoryOf(config.settings), 'public')
  if (!existsSync(services) || isAllowed(services, constants.X_OK)) return undefined
  const program = findSetGidProgram('postqueue', config)
  return program.problem === undefined ? program : undefined
}

/** `posthouse queue`: the queue for people. */
export function queue(call: ToolCall): Promise<number> {
  const { isTTY, columns } = process.stdout
  return runQueue(call.args, {
    ...portsOf(call),
    columns: isTTY ? columns : undefined,
    wantsColours: !process.env['NO_COLOR'], // https://no-color.org
  })
}

function portsOf(call: ToolCall): PostqueuePorts {
  endQuietly(0)
  return {
    stdout: async (bytes) => {
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    },
    stderr: (bytes) => {
      process.stderr.write(bytes)
    },
    open: (directory) => openSystem(trustedDirectory(call, directory)),
  }
}

/** Root becomes `mail_owner`: what it makes in the queue directory is for that user. */
function openSystem(directory: string): MailSystem {
  const log = stderrLog('postqueue')
  const config = configOf(directory)
  const options = listingOptions(config)
  const user = userOf(options.directory)
  if (user.id === 0 && config.mail_owner !== '') {
    dropPrivileges(lookUpMailOwner(config.mail_owner, `${directory}/main.cf`), process)
  }
  const tables = new Tables()
  const listUser: ListUser = { config, log }
  const socketPath = (name: string): string => join(options.directory, 'public', name)
  const connectTo = async (name: string): Promise<Socket> => {
    const socket = connect(socketPath(name))
    await once(socket, 'connect')
    return socket
  }
  const services = { qmgr: config.queue_service_name, pickup: config.pickup_service_name }
  return {
    ...options,
    ...listingPorts(),
    longQueueIds: config.enable_long_queue_ids,
    mailName: config.mail_name,
    user,
    isListed: (list) => domainMatcher(list, listUser, tables)(user.name),
    isFastFlushDomain: domainMatcher(
      'fast_flush_domains',
      listUser,
      tables,
      parentStyle('fast_flush_domains', config),
    ),
    isRunning: () => connectTo(services.qmgr).then(answered, notAnswered),
    connectShowq: () => connectTo(config.showq_service_name),
    askFlush: async (request) => {
      const socket = await connectTo(config.flush_service_name)
      socket.write(request)
      return socket
    },
    trigger: (service, requests) => {
      return triggerService(options.directory, services[service], requests)
    },
    setMode: chmod,
  }
}

function answered(socket: Socket): boolean {
  socket.destroy()
  return true
}

/** @throws `error`, if it does not tell. */
function notAnswered(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return false
  throw error
}

function configOf(directory: string): Config {
  const log = stderrLog('postqueue')
  try {
    const config = loadMainConfig(directory)
    for (const warning of config.warnings) log.warning(warning)
    return config
  } catch (error) {
    if (error instanceof ConfigError) for (const warning of error.warnings) log.warning(warning)
    throw error
  }
}

function userOf(queueDirectory: string): QueueUser {
  const id = process.getuid?.() ?? 0
  const name = systemAccounts().userById(id)?.name ?? 'unknown'
  const owner = statSync(join(queueDirectory, 'active'), { throwIfNoEntry: false })?.uid
  return { id, name, ownsQueue: id === 0 || id === owner }
}
