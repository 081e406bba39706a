import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeConfiguration } from '../harness/configuration.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'
import { certificatePath, SecureDestination } from '../harness/secure-destination.ts'

const COMMAND = join(import.meta.dirname, '../bin/posthouse.js')
const TRUSTED = { smtp_tls_CAfile: certificatePath('ca.pem'), smtp_tls_loglevel: '1' }

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function destination(): Promise<SecureDestination> {
  const server = await SecureDestination.listen()
  closing.push(() => server.close())
  return server
}

async function scene(
  parameters: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const opened = await Scene.open({ parameters, files })
  closing.push(() => opened.close())
  return opened
}

describe('TLS of the whole program', () => {
  it('C-131: sends over TLS at the level encrypt, and says so', async () => {
    const server = await destination()
    const relayhost = `[127.0.0.1]:${server.port}`
    const { submit, posthouse } = bound(
      await scene({ ...TRUSTED, relayhost, smtp_tls_security_level: 'encrypt' }),
    )
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    expect(server.arrivals).toMatchObject([{ recipients: ['a@example.com'], isEncrypted: true }])
    const line = /Trusted TLS connection established to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: TLSv1\.3/
    expect(posthouse.log.some((text) => line.test(text))).toBe(true)
  })

  it('C-134, C-146: a policy names what has to be in the certificate', async () => {
    const server = await destination()
    const relayhost = `[127.0.0.1]:${server.port}`
    const { submit, posthouse } = bound(
      await scene(
        {
          ...TRUSTED,
          relayhost,
          smtp_tls_security_level: 'may',
          smtp_tls_policy_maps: `texthash:$config_directory/policy`,
        },
        { policy: `${relayhost} secure match=mx.tls.test\n` },
      ),
    )
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    await posthouse.logged(/Verified TLS connection established/)
  })

  it('C-131: certificates for somebody else defer at the level secure', async () => {
    const server = await destination()
    const relayhost = `[127.0.0.1]:${server.port}`
    const { submit, posthouse } = bound(
      await scene({ ...TRUSTED, relayhost, smtp_tls_security_level: 'secure' }),
    )
    await submit(['a@example.com'])
    const line = await posthouse.logged(/status=deferred/)
    expect(line).toContain('dsn=4.7.5, status=deferred (Server certificate not verified)')
    expect(server.arrivals).toEqual([])
  })

  it('C-62: a server that hides STARTTLS gets no mail at the level encrypt', async () => {
    const opened = await scene({ smtp_tls_security_level: 'encrypt' })
    await opened.submit(['a@example.com'])
    const line = await opened.posthouse.logged(/status=deferred/)
    const reason = 'TLS is required, but was not offered by host 127.0.0.1[127.0.0.1]'
    expect(line).toContain(`dsn=4.7.4, status=deferred (${reason})`)
    expect(opened.arrivals).toEqual([])
  })

  it('C-144: shows its certificate', async () => {
    const server = await destination()
    const { submit, posthouse } = bound(
      await scene({
        relayhost: `[127.0.0.1]:${server.port}`,
        smtp_tls_security_level: 'encrypt',
        smtp_tls_cert_file: certificatePath('client.pem'),
        smtp_tls_key_file: certificatePath('client.key'),
      }),
    )
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    expect(server.arrivals).toMatchObject([{ certificate: 'client.test' }])
  })
})

describe('the start with TLS', () => {
  it.each([
    ['smtp_tls_CAfile', { smtp_tls_CAfile: '/nowhere/ca.pem' }, '/nowhere/ca.pem: ENOENT'],
    [
      'smtp_tls_key_file',
      {
        smtp_tls_cert_file: certificatePath('client.pem'),
        smtp_tls_key_file: certificatePath('good.key'),
      },
      'the key is not that of the certificate',
    ],
    ['smtp_tls_protocols', { smtp_tls_protocols: '!TLSv9' }, 'Invalid TLS protocol list "!TLSv9"'],
    ['smtp_tls_security_level', { smtp_tls_security_level: 'dane' }, 'not supported'],
  ])('refuses a bad %s, and says where it is', async (name, parameters, reason) => {
    const directory = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
    closing.push(async () => rmSync(directory, { recursive: true }))
    const all = { smtp_tls_security_level: 'may', ...parameters }
    writeConfiguration(directory, { port: await freePort(), parameters: all })
    const args = [COMMAND, '-c', join(directory, 'conf'), 'start-fg']
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { timeout: 30_000 })
    const output = `${stdout}${stderr}`
    expect(status).not.toBe(0)
    expect(output).toContain(name)
    expect(output).toContain(reason)
    expect(output).toMatch(/main\.cf, line \d+/)
  })
})

function bound(opened: Scene) {
  const { posthouse } = opened
  return { posthouse, submit: (recipients: string[]) => opened.submit(recipients) }
}
