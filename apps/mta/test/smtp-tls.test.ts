import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeConfiguration } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'
import { certificatePath, SecureDestination } from '../harness/secure-destination.ts'

const COMMAND = join(import.meta.dirname, '../bin/posthouse.js')
const TRUSTED = { smtp_tls_CAfile: certificatePath('ca.pem'), smtp_tls_loglevel: '1' }

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function destination(
  credentials: Readonly<Record<string, string>> = {},
): Promise<SecureDestination> {
  const server = await SecureDestination.listen(credentials)
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

describe('a reload with TLS', () => {
  it('reads certificates again', async () => {
    const server = await destination()
    const opened = await scene(
      {
        relayhost: `[127.0.0.1]:${server.port}`,
        smtp_tls_security_level: 'encrypt',
        smtp_tls_cert_file: '$config_directory/pair.pem',
      },
      { 'pair.pem': pair('client') },
    )
    const { posthouse, directory } = opened
    await opened.submit(['a@example.com'])
    await posthouse.logged(/to=<a@example\.com>.*status=sent/)
    writeFileSync(join(directory, 'conf/pair.pem'), pair('good'))
    process.kill(posthouse.processId, 'SIGHUP')
    await posthouse.logged(/reload -- version/)
    await opened.submit(['b@example.com'])
    await posthouse.logged(/to=<b@example\.com>.*status=sent/)
    const certificates = server.arrivals.map(({ certificate }) => certificate)
    expect(certificates).toEqual(['client.test', 'mx.tls.test'])
  })
})

function pair(name: string): string {
  const files = [certificatePath(`${name}.key`), certificatePath(`${name}.pem`)]
  return files.map((file) => readFileSync(file, 'utf8')).join('')
}

describe('SASL of the whole program', () => {
  const credentials = { client: 'se:cret' }

  it('C-66: logs in to a relay over TLS, which it insists on', async () => {
    const server = await destination(credentials)
    const { submit, posthouse } = bound(await scene(...relayWithLogin(server, 'client:se:cret')))
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    const expected = { recipients: ['a@example.com'], isEncrypted: true, user: 'client' }
    expect(server.arrivals).toMatchObject([expected])
    expect(posthouse.log.join('\n')).not.toContain('se:cret')
  })

  it('C-73: waits when the relay does not believe it', async () => {
    const server = await destination(credentials)
    const { submit, posthouse } = bound(await scene(...relayWithLogin(server, 'client:wrong')))
    await submit(['a@example.com'])
    const line = await posthouse.logged(/status=deferred/)
    expect(line).toContain('SASL authentication failed; server 127.0.0.1[127.0.0.1] said: 535')
    expect(server.arrivals).toEqual([])
  })

  it('C-69: shows no password without TLS, unless it is allowed to', async () => {
    const server = await destination(credentials)
    const [parameters, files] = relayWithLogin(server, 'client:se:cret')
    const { submit, posthouse } = bound(
      await scene({ ...parameters, smtp_tls_security_level: 'none' }, files),
    )
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    const [login] = server.logins
    expect(login).toEqual({ user: 'client', method: 'CRAM-MD5' })
  })
})

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot || !peersInstalled('postfix'))('secrets that only root can read', () => {
  it('are in use after privileges were given up, and after a reload', async () => {
    const server = await destination({ client: 'secret' })
    const outer = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
    closing.push(async () => rmSync(outer, { recursive: true }))
    chmodSync(outer, 0o755)
    const key = join(outer, 'client.key')
    const passwords = join(outer, 'passwords')
    copyFileSync(certificatePath('client.key'), key)
    writeFileSync(passwords, `[127.0.0.1]:${server.port} client:secret\n`)
    for (const file of [key, passwords]) chmodSync(file, 0o600)
    const [parameters] = relayWithLogin(server, '')
    const { submit, posthouse, directory } = bound(
      await scene({
        ...parameters,
        ...{
          mail_owner: 'postfix',
          setgid_group: 'postdrop',
          queue_directory: join(outer, 'queue'),
        },
        smtp_tls_cert_file: certificatePath('client.pem'),
        smtp_tls_key_file: key,
        smtp_sasl_password_maps: `texthash:${passwords}`,
      }),
    )
    chmodSync(directory, 0o755)
    await submit(['a@example.com'])
    await posthouse.logged(/status=sent/)
    process.kill(posthouse.processId, 'SIGHUP')
    await posthouse.logged(/reload -- version/)
    await submit(['b@example.com'])
    await posthouse.logged(/to=<b@example.com>.*status=/)
    const expected = { isEncrypted: true, user: 'client', certificate: 'client.test' }
    expect(server.arrivals).toMatchObject([expected, expected])
  })
})

/** Parameters, and files. */
function relayWithLogin(
  { port }: SecureDestination,
  login: string,
): [Record<string, string>, Record<string, string>] {
  const relayhost = `[127.0.0.1]:${port}`
  const parameters = {
    relayhost,
    smtp_tls_security_level: 'encrypt',
    smtp_sasl_auth_enable: 'yes',
    smtp_sasl_password_maps: 'texthash:$config_directory/passwords',
    smtp_sasl_tls_security_options: 'noanonymous',
    smtp_sasl_mechanism_filter: 'plain, cram-md5',
  }
  return [parameters, { passwords: `${relayhost} ${login}\n` }]
}

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
    [
      'smtp_tls_security_level',
      { smtp_tls_security_level: 'halfdane' },
      'Invalid TLS level "halfdane"',
    ],
    [
      'smtp_tls_dane_insecure_mx_policy',
      { smtp_tls_dane_insecure_mx_policy: 'verify' },
      'invalid policy "verify"',
    ],
    [
      'smtp_requiretls_policy',
      { smtp_requiretls_policy: 'inline:{a=enforce}, strict' },
      'invalid action "strict"',
    ],
    ['tls_dane_digests', { tls_dane_digests: 'sha512 sha256=2' }, 'cannot use "sha256=2"'],
    ['smtp_sasl_password_maps', { smtp_sasl_auth_enable: 'yes' }, 'specify a password table'],
    [
      'smtp_sasl_security_options',
      {
        smtp_sasl_auth_enable: 'yes',
        smtp_sasl_password_maps: 'inline:{a=b:c}',
        smtp_sasl_security_options: 'noplain',
      },
      'unknown SASL security options',
    ],
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
    expect(output).toMatch(/see .*main\.cf/)
  })
})

function bound(opened: Scene) {
  const { posthouse, directory } = opened
  return { posthouse, directory, submit: (recipients: string[]) => opened.submit(recipients) }
}
