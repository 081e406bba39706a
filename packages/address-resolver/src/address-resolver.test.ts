import { type AddressKeys, DomainList, lookupAddress, TableList } from '@posthouse/lookup-table'
import { type Logger, memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/resolve.json' with { type: 'json' }
import {
  AddressResolver,
  AddressResolverError,
  type AddressTable,
  type DomainMatcher,
  localDomains,
  type Resolution,
  type ResolverOptions,
  type RoutingTables,
} from './index.ts'

type Values = Readonly<Record<string, string>>
const configs: Readonly<Record<string, Values>> = vectors.configs
const MYHOSTNAME = 'mx.example.test'

describe('AddressResolver', () => {
  it.each(vectors.cases)('G-142..G-151: $config $request $sender, $address', async (vector) => {
    const values = configs[vector.config] ?? {}
    const effective = vector.request === 'verify' ? verifying(values) : values
    const resolver = resolverOf(effective, memoryLogger().logger)
    const answer = await resolver.resolve(vector.sender, vector.address)
    const { recipient, flags } = vector
    if ((flags & 4) !== 0) return expect(answer).toEqual({ kind: 'bad-address', recipient, flags })
    const { transport, nexthop } = vector
    expect(answer).toMatchObject({ kind: 'route', transport, nexthop, recipient, flags })
    // The second time it may come from memory.
    expect(await resolver.resolve(vector.sender, vector.address)).toEqual(answer)
  })

  it('G-146: names the class', () => {
    const { resolve } = plain()
    const classes = ['local', 'valias', 'vmbox', 'relay', 'dest'].map((name) => {
      const answer = resolve('', `u@${name}.test`)
      return answer.kind === 'route' ? answer.addressClass : answer.kind
    })
    expect(classes).toEqual(['local', 'alias', 'virtual', 'relay', 'default'])
  })

  it('G-144: refuses bytes that are not UTF-8, unless SMTPUTF8 is off', () => {
    const bad = { kind: 'bad-address', flags: 4100 }
    const { resolve } = plain()
    expect(resolve('', 'us\udcffer@dest.test')).toEqual({
      ...bad,
      recipient: 'us\udcffer@dest.test',
    })
    expect(resolve('', 'user@d\udcffst.test')).toEqual({ ...bad, recipient: 'user@d\udcffst.test' })
    expect(resolve('', 'user@däst.test')).toMatchObject({ kind: 'route', nexthop: 'däst.test' })
    const ascii = plain({ smtputf8Enable: false })
    expect(ascii.resolve('', 'us\udcffer@dest.test')).toMatchObject({ kind: 'route' })
    expect(ascii.resolve('', 'user@däst.test')).toMatchObject(bad)
  })

  it('remembers by domain only what depends on nothing else', () => {
    const { resolve } = plain()
    expect(resolve('', 'u@dest.test')).toMatchObject({ recipient: 'u@dest.test', flags: 4096 })
    expect(resolve('', 'v@dest.test')).toMatchObject({ recipient: 'v@dest.test', flags: 4096 })
    expect(resolve('', '-x@dest.test')).toMatchObject({ kind: 'bad-address', flags: 4100 })
    expect(resolve('', 'a%b@dest.test')).toMatchObject({ recipient: 'a%b@dest.test', flags: 4098 })
    expect(resolve('', 'a%b@local.test')).toMatchObject({ recipient: 'a@b', flags: 4096 })
  })

  it('has an answer for each domain, in whatever order they are asked for', () => {
    const { resolve } = plain()
    for (const [localPart, domain] of ['ab', 'bb', 'bc', 'cb', 'ac', 'bc', 'ab', 'ca', 'aa']) {
      const recipient = `${localPart}@${domain}.test`
      expect(resolve('', recipient)).toMatchObject({ recipient, nexthop: `${domain}.test` })
    }
  })

  it('asks the lists once per domain, and forgets the oldest beyond 10,000', () => {
    const asked: string[] = []
    const { resolve } = plain({ relayDomains: (domain) => asked.push(domain) < 0 })
    for (const recipient of ['a@first.test', 'b@first.test']) resolve('', recipient)
    expect(asked).toEqual(['first.test'])
    for (let i = 0; i < 10_000; i++) resolve('', `a@d${i}.test`)
    asked.length = 0
    for (const domain of ['d9999.test', 'first.test']) resolve('', `a@${domain}`)
    expect(asked).toEqual(['first.test'])
  })

  it('G-146: warns of a domain in two lists, unless told not to', async () => {
    const { resolve, lines } = plain({ virtualAliasDomains: isOneOf('local.test', 'vmbox.test') })
    resolve('', 'u@local.test')
    resolve('', 'u@vmbox.test')
    await settle()
    expect(lines).toEqual([
      'warning: do not list domain local.test in BOTH mydestination and virtual_alias_domains',
      'warning: do not list domain vmbox.test in BOTH virtual_alias_domains and virtual_mailbox_domains',
    ])
    const silent = plain({ virtualAliasDomains: isOneOf('local.test'), helpfulWarnings: false })
    silent.resolve('', 'u@local.test')
    await settle()
    expect(silent.lines).toEqual([])
  })

  it('waits for a list that answers later, and asks it again the next time', async () => {
    const asked: string[] = []
    const later = async (domain: string) => asked.push(domain) > 0 && domain === 'later.test'
    const resolver = new AddressResolver({ ...optionsOf({}), relayDomains: later }, quiet)
    const route = { kind: 'route', addressClass: 'relay', nexthop: 'later.test' }
    for (let time = 0; time < 2; time++) {
      expect(await resolver.resolve('', 'u@later.test')).toMatchObject(route)
    }
    expect(await resolver.resolve('', 'u@dest.test')).toMatchObject({ addressClass: 'default' })
    expect(asked).toEqual(['later.test', 'later.test', 'dest.test'])
  })

  it('does not make mail wait for a list that is asked for the sake of a warning', async () => {
    const never = () => new Promise<boolean>(() => undefined)
    const { resolve } = plain({ virtualAliasDomains: never })
    expect(resolve('', 'u@local.test')).toMatchObject({ addressClass: 'local' })
  })

  it('G-142: gives up on an address without end', () => {
    const { resolve, lines } = plain({ emptyAddressRecipient: '' })
    expect(resolve('', '')).toEqual({ kind: 'temporary-failure', recipient: '', flags: 8 })
    expect(lines).toEqual(['warning: resolve_addr: <>: giving up after 100 iterations'])
    lines.length = 0
    expect(resolve('', '%'.repeat(2000))).toMatchObject({ kind: 'temporary-failure', flags: 8 })
    expect(lines[0]).toMatch(/: giving up after 125 iterations$/)
  })

  it('G-148: fails for now without a transport', () => {
    const { resolve, lines } = plain({ defaultTransport: ':hop' })
    expect(resolve('', 'u@dest.test')).toMatchObject({ kind: 'temporary-failure', flags: 4104 })
    expect(lines).toEqual(['warning: parameter default_transport: null transport is not allowed'])
  })
})

describe('AddressResolver with tables that fail', () => {
  const fail = (): never => {
    throw new AddressResolverError('lookup', 'expected an answer')
  }

  it('G-143, G-146: of a list', () => {
    const { resolve, lines } = plain({ mydestination: fail })
    expect(resolve('', 'u@dest.test')).toMatchObject({ kind: 'temporary-failure', flags: 8 })
    expect(resolve('', 'u@dest.test')).toMatchObject({ kind: 'temporary-failure', flags: 8 })
    expect(lines).toEqual(Array(2).fill('warning: mydestination lookup failure'))
  })

  it('G-143, G-146: of a list that fails later', async () => {
    const { logger, lines } = memoryLogger()
    const options = { ...optionsOf({}), relayDomains: async () => fail() }
    const answer = new AddressResolver(options, logger).resolve('', 'u@dest.test')
    expect(await answer).toMatchObject({ kind: 'temporary-failure', flags: 8 })
    expect(lines).toEqual(['warning: relay_domains lookup failure'])
  })

  it.each([
    ['transportMaps', 'transport_maps', 4104],
    ['relocatedMaps', 'relocated_maps', 4104],
    ['senderDependentRelayhostMaps', 'sender_dependent_relayhost_maps', 4104],
    ['senderDependentDefaultTransportMaps', 'sender_dependent_default_transport_maps', 8],
  ])('G-146, G-149: %s, at once or later', async (table, parameter, flags) => {
    const failure = { kind: 'temporary-failure', recipient: 'u@dest.test', flags }
    for (const answer of [fail, async () => fail()]) {
      const { logger, lines } = memoryLogger()
      const resolver = new AddressResolver(optionsOf({}), logger, tablesOf({}, { [table]: answer }))
      expect(await resolver.resolve('s@src.test', 'u@dest.test')).toEqual(failure)
      expect(lines).toEqual([`warning: ${parameter} lookup failure`])
    }
  })

  it.each(['transportMaps', 'relocatedMaps', 'senderDependentRelayhostMaps'])(
    'G-54: takes an empty result of %s for a failure',
    (table) => {
      const { logger } = memoryLogger()
      const resolver = new AddressResolver(
        optionsOf({}),
        logger,
        tablesOf({}, { [table]: () => '' }),
      )
      expect(resolver.resolve('s@src.test', 'u@dest.test')).toMatchObject({
        kind: 'temporary-failure',
      })
    },
  )

  it('does not hide a bug in a table', async () => {
    const bug = () => {
      throw new TypeError('bug')
    }
    const tables = tablesOf({}, { transportMaps: bug })
    const resolver = new AddressResolver(optionsOf({}), memoryLogger().logger, tables)
    expect(() => resolver.resolve('', 'u@dest.test')).toThrow('bug')
  })
})

describe('AddressResolver with tables', () => {
  it('answers at once as long as the tables do', async () => {
    const options = optionsOf({})
    const { logger } = memoryLogger()
    const now = new AddressResolver(options, logger, tablesOf({}, { transportMaps: () => 't:h' }))
    expect(now.resolve('', 'u@dest.test')).toMatchObject({ transport: 't', nexthop: 'h' })
    const later = tablesOf({}, { transportMaps: async () => 't:h' })
    const answer = new AddressResolver(options, logger, later).resolve('', 'u@dest.test')
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toMatchObject({ transport: 't', nexthop: 'h' })
  })

  it('G-147, G-150: asks each table for one address', () => {
    const asked: string[] = []
    const note =
      (name: string): AddressTable =>
      (address) => {
        asked.push(`${name} ${address}`)
        return undefined
      }
    const tables = tablesOf(
      {},
      {
        transportMaps: note('transport'),
        senderDependentRelayhostMaps: note('relayhost'),
        senderDependentDefaultTransportMaps: note('default'),
        relocatedMaps: note('relocated'),
      },
    )
    const resolver = new AddressResolver(optionsOf({}), quiet, tables)
    const askedFor = (sender: string, recipient: string) => {
      resolver.resolve(sender, recipient)
      return asked.splice(0)
    }
    expect(askedFor('s@src.test', 'a b+c@dest.test')).toEqual([
      'default s@src.test',
      'relayhost s@src.test',
      'transport a b+c@dest.test',
      'relocated a b+c@dest.test',
    ])
    expect(askedFor('', 'u@relay.test')).toEqual([
      'relayhost <>',
      'transport u@relay.test',
      'relocated u@relay.test',
    ])
    expect(askedFor('', 'u@local.test')).toEqual([
      'transport u@local.test',
      'relocated u@local.test',
    ])
    expect(askedFor('', 'u@valias.test')).toEqual(['relocated u@valias.test'])
  })

  it('G-150: with relocated_prefix_enable = no the result is the whole text', () => {
    const table = (text: string) => {
      const tables = {
        ...tablesOf({}, { relocatedMaps: () => text }),
        relocatedPrefixEnable: false,
      }
      return new AddressResolver(optionsOf({}), memoryLogger().logger, tables)
    }
    const answer = table('5.1.6 gone').resolve('', 'u@dest.test')
    expect(answer).toMatchObject({ transport: 'error', nexthop: '5.1.6 gone' })
    expect(table('gone').resolve('', 'u@dest.test')).toMatchObject({ kind: 'temporary-failure' })
  })
})

describe('AddressResolver, for whatever address', () => {
  const special = ['@', '%', '!', '"', '\\', '[', ']', '.', ':', ' ', '(', ')', '<', '-', '+', ',']
  const names = ['local.test', 'dest.test', 'relay.test', 'valias.test', 'IPv6:', '127.0.0.1', 'u']
  const piece = fc.oneof(
    fc.constantFrom(...special, ...names),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom('\udcff', 'ü', '\0', '\r', '\n', '\t'),
  )
  const address = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))

  it.each(Object.keys(configs))(
    'G-142..G-153: with %s one of three answers, and no error',
    (name) => {
      const resolver = resolverOf(configs[name] ?? {}, quiet)
      fc.assert(
        fc.property(address, address, (sender, recipient) => {
          const answer = resolver.resolve(sender, recipient)
          if (answer instanceof Promise) throw new Error('expected an answer at once')
          expect(['route', 'temporary-failure', 'bad-address']).toContain(answer.kind)
          if (answer.kind === 'route') expect(answer.transport).not.toBe('')
        }),
        { numRuns: 300 },
      )
    },
  )
})

const quiet = memoryLogger().logger
const settle = () => new Promise((resolve) => setImmediate(resolve))

function plain(overrides: Partial<ResolverOptions> = {}) {
  const { logger, lines } = memoryLogger()
  const resolver = new AddressResolver({ ...optionsOf({}), ...overrides }, logger)
  const resolve = (sender: string, recipient: string): Resolution => {
    const answer = resolver.resolve(sender, recipient)
    if (answer instanceof Promise) throw new Error('waits without a table')
    return answer
  }
  return { resolve, lines }
}

function resolverOf(values: Values, log: Logger): AddressResolver {
  const names = Object.keys(values).some((name) => name.endsWith('_maps'))
  return new AddressResolver(optionsOf(values), log, names ? tablesOf(values) : undefined)
}

/** G-154: the values that replace the others when addresses are verified. */
function verifying(values: Values): Values {
  const prefix = 'address_verify_'
  const own = Object.entries(values).filter(([name]) => name.startsWith(prefix))
  return { ...values, ...Object.fromEntries(own.map(([name, value]) => [name.slice(15), value])) }
}

function optionsOf(values: Values): ResolverOptions {
  const get = (name: string, fallback: string) =>
    (values[name] ?? fallback).replaceAll('$myhostname', MYHOSTNAME)
  const is = (name: string, fallback: string) => get(name, fallback) === 'yes'
  const list = (parameter: string, fallback: string, parentStyle = false) =>
    domainMatcher(parameter, get(parameter, fallback), parentStyle)
  return {
    myhostname: MYHOSTNAME,
    myorigin: MYHOSTNAME,
    mydomain: 'example.test',
    appendAtMyorigin: is('append_at_myorigin', 'yes'),
    appendDotMydomain: is('append_dot_mydomain', 'no'),
    swapBangpath: is('swap_bangpath', 'yes'),
    allowPercentHack: is('allow_percent_hack', 'yes'),
    emptyAddressRecipient: get('empty_address_recipient', 'MAILER-DAEMON'),
    resolveDequotedAddress: is('resolve_dequoted_address', 'yes'),
    resolveNullDomain: is('resolve_null_domain', 'no'),
    resolveNumericDomain: is('resolve_numeric_domain', 'no'),
    allowMinUser: is('allow_min_user', 'no'),
    smtputf8Enable: true,
    helpfulWarnings: true,
    showUserUnknownTableName: is('show_user_unknown_table_name', 'yes'),
    mydestination: list(
      'mydestination',
      '$myhostname, localhost.example.test, localhost, local.test',
    ),
    ownAddresses: ['127.0.0.1'],
    virtualAliasDomains: list('virtual_alias_domains', 'valias.test'),
    virtualMailboxDomains: list('virtual_mailbox_domains', 'vmbox.test'),
    relayDomains: list('relay_domains', 'relay.test', true),
    localTransport: get('local_transport', 'local:$myhostname'),
    virtualTransport: get('virtual_transport', 'virtual'),
    relayTransport: get('relay_transport', 'relay'),
    defaultTransport: get('default_transport', 'smtp'),
    relayhost: get('relayhost', ''),
  }
}

function tablesOf(
  values: Values,
  tables: Readonly<Record<string, AddressTable>> = {},
): RoutingTables {
  const parameters = {
    transportMaps: 'transport_maps',
    senderDependentRelayhostMaps: 'sender_dependent_relayhost_maps',
    senderDependentDefaultTransportMaps: 'sender_dependent_default_transport_maps',
    relocatedMaps: 'relocated_maps',
  }
  const present = Object.entries(parameters).filter(([, name]) => values[name] !== undefined)
  return {
    ...Object.fromEntries(present.map(([key, name]) => [key, inlineTable(name, values)])),
    ...tables,
    emptyAddressRelayhostMapsLookupKey: '<>',
    emptyAddressDefaultTransportMapsLookupKey: '<>',
    relocatedPrefixEnable: true,
  }
}

/** The tables of a parameter of the vectors, `inline:{ {key = value} … }`. */
function inlineTable(name: string, values: Values): AddressTable {
  const environment = {
    readFile: () => new Uint8Array(),
    modifiedMs: () => 0,
    variables: {},
    random: () => 0,
    clock: { now: () => 0, after: () => () => undefined },
    warn: () => undefined,
    smtputf8: true,
  }
  const list = new TableList(values[name] ?? '', { name, environment })
  const options = optionsOf(values)
  const local = localDomains(options.mydestination, options.ownAddresses)
  const extensions = { delimiters: values['recipient_delimiter'] ?? '', ownerRequestSpecial: true }
  const keys: AddressKeys =
    name === 'transport_maps'
      ? { style: 'transport', extensions, subdomains: 'dot' }
      : { style: 'canonical', extensions, isLocalDomain: local }
  return (address) => {
    const match = lookupAddress(list, address, keys)
    return match instanceof Promise ? match.then((late) => late?.value) : match?.value
  }
}

function isOneOf(...domains: string[]): (domain: string) => boolean {
  return (domain) => domains.includes(domain)
}

function domainMatcher(name: string, text: string, parentStyle: boolean): DomainMatcher {
  const list = new DomainList(text, { name, subdomains: parentStyle ? 'parent' : 'none' })
  return (domain) => list.matches(domain) === true
}
