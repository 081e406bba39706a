import { lookupAddress } from '@posthouse/lookup-table'
import { formatAddressTokens, tokenizeAddress } from '@posthouse/mail-address'

import type { AddressMap, AddressMappingOptions } from '../src/index.ts'
import { answeringLater, tableList } from './tables.ts'

const ORIGIN = 'mail.example.com'

/** As a resolver with `myorigin = mail.example.com` completes an address in internal form. */
export function completeAddress(address: string): string {
  return address.includes('@') ? address : `${address}@${ORIGIN}`
}

/** The same for external form, with source routes, `!` and `%`: the steps of Q-501. */
export function completeExternal(external: string): string {
  let tokens = tokenizeAddress(external)
  const isOperator = (text: string) => (token: (typeof tokens)[number]) =>
    token.kind === 'operator' && token.text === text
  if (external === '""' || external === '@') return '""'
  const colon = external.startsWith('@') ? tokens.findIndex(isOperator(':')) : -1
  if (colon > 0 && colon < tokens.length - 1) tokens = tokens.slice(colon + 1)
  const at = tokens.find(isOperator('@'))
  if (at !== undefined) {
    const isDot = isOperator('.')(tokens.at(-1)!) && tokens.at(-2)?.kind === 'atom'
    return formatAddressTokens(isDot ? tokens.slice(0, -1) : tokens)
  }
  const bang = tokens.findIndex(isOperator('!'))
  const percent = tokens.findLastIndex(isOperator('%'))
  const [sign] = tokenizeAddress('@')
  if (bang >= 0) tokens = [...tokens.slice(bang + 1), sign!, ...tokens.slice(0, bang)]
  else if (percent >= 0) tokens = tokens.with(percent, sign!)
  else tokens = [...tokens, sign!, ...tokenizeAddress(ORIGIN)]
  return formatAddressTokens(tokens)
}

/** Keys and values, or a reference to a table such as `fail:x`. */
export type TestTable = Readonly<Record<string, string>> | string

export interface TestMaps extends Partial<Omit<AddressMappingOptions, 'canonical'>> {
  readonly canonicalMaps?: TestTable
  readonly virtual?: TestTable
  readonly recursionLimit?: number
  readonly expansionLimit?: number
  readonly addressLengthLimit?: number
  readonly senderBccMaps?: TestTable
  readonly recipientBccMaps?: TestTable
  /** Each answer comes later. */
  readonly isSlow?: boolean
}

/** Options with tables in memory; `+` begins an extension, `mail.example.com` is local. */
export function mappingOptions(maps: TestMaps): AddressMappingOptions {
  const { canonicalMaps, virtual, senderBccMaps, recipientBccMaps, isSlow = false } = maps
  const { recursionLimit = 1000, expansionLimit = 1000, addressLengthLimit = 1000 } = maps
  const limits = { recursionLimit, expansionLimit, addressLengthLimit }
  const open = (name: string, table: TestTable) => addressMap(name, table, isSlow)
  const classes = ['envelope_sender', 'envelope_recipient', 'header_sender', 'header_recipient']
  return {
    canonical:
      canonicalMaps === undefined
        ? []
        : [{ map: open('canonical_maps', canonicalMaps), classes: classes }],
    propagateCanonical: true,
    propagateVirtual: true,
    ...(virtual !== undefined && {
      virtualAliases: { map: open('virtual_alias_maps', virtual), ...limits },
    }),
    ...(senderBccMaps !== undefined && { senderBcc: open('sender_bcc_maps', senderBccMaps) }),
    ...(recipientBccMaps !== undefined && {
      recipientBcc: open('recipient_bcc_maps', recipientBccMaps),
    }),
    ...maps,
  }
}

/** One parameter's tables. */
export function addressMap(name: string, table: TestTable, isSlow = false): AddressMap {
  const text = typeof table === 'string' ? '' : textOf(table)
  const tables = tableList(name, typeof table === 'string' ? table : 'texthash:/t', text)
  const keys = {
    style: 'canonical',
    extensions: { delimiters: '+', ownerRequestSpecial: true },
    isLocalDomain: (domain: string) => domain === ORIGIN,
  } as const
  const lookup: AddressMap['lookup'] = (address) => lookupAddress(tables, address, keys)
  return { name, lookup: isSlow ? answeringLater(lookup) : lookup }
}

function textOf(table: Readonly<Record<string, string>>): string {
  return Object.entries(table)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')
}
