import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { showBounceTemplates } from '@posthouse/bounce'
import { PostconfError, replaceFile, runPostconf } from '@posthouse/postconf'

import { endQuietly } from './quiet-end.ts'
import type { ToolCall } from './tool-call.ts'

const LOCK_TIMEOUT_MS = 60_000
const LOCKED_DESCRIPTOR = 3

/** postconf(1). */
export function postconf(call: ToolCall): number {
  endQuietly(1)
  return runPostconf(call.args, {
    environment: {
      hostname: hostname(),
      configDirectory: call.configDirectory,
      processName: 'postconf',
      processId: process.pid,
      interfaceAddresses: interfaceAddresses(),
      readFile: readFileSync,
    },
    builtInDirectory: call.builtInDirectory,
    replaceFile: (path, edit) => replaceFile(path, edit, lockFile),
    showBounceTemplates,
    opensslVersion: process.versions.openssl,
    publicKeyAlgorithms,
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
  })
}

// Node has no list of them, so a key of each is made, as small as it may be. DSA is left out: no
// TLS of Node's OpenSSL takes a certificate with it.
const KEY_MAKERS = {
  ecdsa: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  ed448: () => generateKeyPairSync('ed448'),
  rsa: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
}

function publicKeyAlgorithms(): string[] {
  const isThere = (makeKey: () => unknown) => {
    try {
      makeKey()
      return true
    } catch {
      return false // That is the answer, whatever the reason.
    }
  }
  return Object.entries(KEY_MAKERS).flatMap(([name, makeKey]) => (isThere(makeKey) ? [name] : []))
}

// IPv4 first, as the system gives them to Postfix.
function interfaceAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const { IPv4: old = [], IPv6: others = [] } = Object.groupBy(all, ({ family }) => family)
  return [...old, ...others].flatMap(({ cidr }) => cidr ?? [])
}

/**
 * Takes the exclusive flock(2) of an open file, for which Node has no call. The lock belongs to the
 * open file, which the program flock(1) shares: it stays when that ends.
 */
function lockFile(descriptor: number): void {
  const { error, status, stderr } = spawnSync('flock', ['-x', String(LOCKED_DESCRIPTOR)], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    timeout: LOCK_TIMEOUT_MS,
  })
  if (error === undefined && status === 0) return
  const reason = error?.message ?? String(stderr).trim()
  throw new PostconfError('file', `cannot lock the file to be changed with flock(1): ${reason}`)
}
