import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Zone } from '../harness/name-server.ts'
import { ScriptedWorld } from '../harness/scripted-world.ts'
import { certificatePath, SecureDestination } from '../harness/secure-destination.ts'

const PARAMETERS = {
  smtp_tls_loglevel: '1',
  smtp_dns_support_level: 'dnssec',
  smtp_tls_security_level: 'dane',
}
const NOBODY = '0'.repeat(64)

let destination: SecureDestination
let world: ScriptedWorld

beforeAll(async () => {
  destination = await SecureDestination.listen()
  const { port } = destination
  const own = keyDigest('good.pem')
  const only = { smtp_tls_security_level: 'dane-only' }
  const route = (domain: string, parameters = {}) => {
    return { domain, nexthop: `${domain}:${port}`, parameters: { ...PARAMETERS, ...parameters } }
  }
  world = await ScriptedWorld.open({
    zone: {
      ...domainOf('match.test', port, `3 1 1 ${own}`),
      ...domainOf('mismatch.test', port, `3 1 1 ${NOBODY}`),
      ...domainOf('none.test', port, []),
      ...domainOf('broken.test', port, 'TRYAGAIN'),
      ...domainOf('forgeable.test', port, `3 1 1 ${own}`, 'insecure'),
      ...domainOf('only.test', port, []),
      ...domainOf('only-forgeable.test', port, `3 1 1 ${own}`, 'insecure'),
    },
    routes: [
      ...['match.test', 'mismatch.test', 'none.test', 'broken.test', 'forgeable.test'].map(
        (domain) => route(domain),
      ),
      route('only.test', only),
      route('only-forgeable.test', only),
    ],
    parameters: {
      smtp_connection_cache_on_demand: 'no',
      dnssec_probe: '',
      smtp_log_tls_feature_status: 'yes',
    },
  })
})

afterAll(async () => {
  await world.close()
  await destination.close()
})

/** A domain with one server, which is signed, and TLSA records. */
function domainOf(
  domain: string,
  port: number,
  tlsa: string | readonly string[],
  mx: 'secure' | 'insecure' = 'secure',
): Zone {
  const host = `mx.${domain}`
  return {
    [domain]: { MX: [`10 ${host}`], dnssec: mx },
    [host]: { A: ['127.0.0.1'], dnssec: 'secure' },
    [`_${port}._tcp.${host}`]: {
      TLSA: typeof tlsa === 'string' && tlsa.includes(' ') ? [tlsa] : tlsa,
      dnssec: 'secure',
    },
  }
}

function keyDigest(name: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certificatePath(name)))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('hex')
}

it.each([
  ['match.test', /, tls=dane, dsn=2\.0\.0, status=sent/, 'Verified'],
  [
    'mismatch.test',
    /, tls=!dane, dsn=4\.7\.5, status=deferred \(Server certificate not verified\)/,
    'Untrusted',
  ],
  ['none.test', /, tls=may, dsn=2\.0\.0, status=sent/, 'Untrusted'],
  [
    'broken.test',
    /dsn=4\.7\.5, status=deferred \(TLSA lookup error for mx\.broken\.test:\d+\)/,
    '',
  ],
  ['forgeable.test', /status=sent/, 'Trusted'],
  ['only.test', /dsn=4\.7\.5, status=deferred \(no TLSA records found\)/, ''],
  ['only-forgeable.test', /dsn=4\.7\.5, status=deferred \(non DNSSEC destination\)/, ''],
])('C-107, C-156: mail for %s', async (domain, outcome, status) => {
  const id = await world.submit([`r@${domain}`])
  const lines = await world.outcomes(id, 1)
  expect(lines).toEqual([expect.stringMatching(outcome)])
  const established = world
    .smtpLines()
    .filter((line) => line.includes(` TLS connection established to mx.${domain}[`))
  const isMade = status === '' ? [] : [expect.stringMatching(`^${status} TLS`)]
  expect(established).toEqual(isMade)
})
