import { type FileHandle, open } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { fileErrorText } from '@posthouse/config'
import { type OpenFile, runPostcat } from '@posthouse/postcat'

import { hashingOf, settingsOf } from './queue-settings.ts'
import { endQuietly } from './quiet-end.ts'
import type { ToolCall } from './tool-call.ts'

/** postcat(1). */
export function postcat(call: ToolCall): Promise<number> {
  endQuietly(0)
  return runPostcat(call.args, {
    openFile: async (path) => openFile(await open(path)),
    readInput: () => buffer(process.stdin),
    queueOf: (configDirectory) => hashingOf(settingsOf(call, configDirectory)),
    reasonOf: fileErrorText,
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
  })
}

async function openFile(handle: FileHandle): Promise<OpenFile> {
  const { size } = await handle.stat()
  return {
    sizeBytes: size,
    read: async (position, length) => {
      const target = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - position)))
      const { bytesRead } = await handle.read(target, 0, target.length, position)
      return target.subarray(0, bytesRead)
    },
    close: () => handle.close(),
  }
}
