import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, ParameterName } from '@posthouse/config'

/** Reads a file, or throws. */
export type ReadFile = (path: string) => Buffer

/** Certificates of this host, and the key of each. */
export interface KeyPairs {
  readonly certificates: string[]
  readonly keys: string[]
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g
const HASHED = /^[0-9a-f]{8}\.\d+$/

/** Parameters that name files which only the start may be able to read. */
export const TLS_FILE_PARAMETERS: readonly ParameterName[] = [
  'smtp_tls_CAfile',
  'smtp_tls_cert_file',
  'smtp_tls_key_file',
  'smtp_tls_eccert_file',
  'smtp_tls_eckey_file',
  'smtp_tls_chain_files',
  'smtp_tls_trust_anchor_file',
]

/** The certificates in a file of authorities. @throws {ConfigError} */
export function readCertificates(
  name: ParameterName,
  path: string,
  config: Config,
  read: ReadFile,
): string[] {
  const blocks = readBlocks(name, path, config, read)
  const certificates = blocks.filter(({ kind }) => kind.endsWith('CERTIFICATE'))
  if (blocks.some(({ kind }) => kind === 'PUBLIC KEY')) {
    throw broken(name, path, config, 'holds a public key, which is not supported', 'certificates')
  }
  if (certificates.length === 0) {
    throw broken(name, path, config, 'holds no certificate', 'a file with certificates in PEM form')
  }
  for (const { text } of certificates) checkCertificate(name, path, config, text)
  return certificates.map(({ text }) => text)
}

/** The certificates of a directory whose names are hashes, as c_rehash(1) makes them. */
export function readCertificateDirectory(config: Config, read: ReadFile): string[] {
  const path = config.smtp_tls_CApath
  if (path === '') return []
  const names = guarded('smtp_tls_CApath', path, config, 'a directory', () => readdirSync(path))
  return names
    .filter((name) => HASHED.test(name))
    .flatMap((name) => readCertificates('smtp_tls_CApath', join(path, name), config, read))
}

/** `smtp_tls_chain_files`, or else the pairs for each kind of key (C-144). @throws {ConfigError} */
export function readKeyPairs(config: Config, read: ReadFile): KeyPairs {
  if (config.smtp_tls_chain_files.length > 0) return readChainFiles(config, read)
  const pairs: KeyPairs = { certificates: [], keys: [] }
  const kinds = [
    ['smtp_tls_cert_file', 'smtp_tls_key_file'],
    ['smtp_tls_eccert_file', 'smtp_tls_eckey_file'],
  ] as const
  for (const [certificateName, keyName] of kinds) {
    const path = config[certificateName]
    const keyPath = config[keyName]
    if (path === '') continue
    const chain = readCertificates(certificateName, path, config, read)
    const key = readBlocks(keyName, keyPath, config, read).find(isPrivateKey)
    if (key === undefined) {
      throw broken(keyName, keyPath, config, 'holds no private key', 'a key in PEM form')
    }
    addPair(pairs, chain, key.text, { name: keyName, path: keyPath, config })
  }
  return pairs
}

function readChainFiles(config: Config, read: ReadFile): KeyPairs {
  const name = 'smtp_tls_chain_files'
  const pairs: KeyPairs = { certificates: [], keys: [] }
  const found: { key: string; path: string; chain: string[] }[] = []
  for (const path of config.smtp_tls_chain_files) {
    for (const block of readBlocks(name, path, config, read)) {
      if (isPrivateKey(block)) found.push({ key: block.text, path, chain: [] })
      if (!block.kind.endsWith('CERTIFICATE')) continue
      const last = found.at(-1)
      if (last === undefined) {
        throw broken(name, path, config, 'has a certificate before any key', 'each key first')
      }
      checkCertificate(name, path, config, block.text)
      last.chain.push(block.text)
    }
  }
  for (const { key, path, chain } of found) addPair(pairs, chain, key, { name, path, config })
  return pairs
}

interface Place {
  readonly name: ParameterName
  readonly path: string
  readonly config: Config
}

function addPair(pairs: KeyPairs, chain: string[], key: string, place: Place): void {
  const { name, path, config } = place
  const expected = 'a private key without a password, and its certificate'
  const parsed: KeyObject = guarded(name, path, config, expected, () => createPrivateKey(key))
  const [own] = chain
  if (own === undefined || !new X509Certificate(own).checkPrivateKey(parsed)) {
    throw broken(name, path, config, 'the key is not that of the certificate', expected)
  }
  pairs.certificates.push(chain.join('\n'))
  pairs.keys.push(key)
}

interface Block {
  readonly kind: string
  readonly text: string
}

function isPrivateKey({ kind }: Block): boolean {
  return kind.endsWith('PRIVATE KEY')
}

function readBlocks(name: ParameterName, path: string, config: Config, read: ReadFile): Block[] {
  const content = guarded(name, path, config, 'a file that can be read', () => read(path))
  const text = content.toString('latin1')
  return [...text.matchAll(BLOCK)].map(([block, kind = '']) => ({ kind, text: block }))
}

function checkCertificate(name: ParameterName, path: string, config: Config, text: string): void {
  guarded(name, path, config, 'certificates in PEM form', () => new X509Certificate(text))
}

function guarded<Result>(
  name: ParameterName,
  path: string,
  config: Config,
  expected: string,
  get: () => Result,
): Result {
  try {
    return get()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw broken(name, path, config, reason, expected)
  }
}

function broken(
  name: ParameterName,
  path: string,
  { settings }: Config,
  reason: string,
  expected: string,
) {
  return settings.error(name, `${name}: ${path}: ${reason}`, expected)
}
