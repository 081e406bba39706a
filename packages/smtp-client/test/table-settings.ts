import { splitAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import type { ClientTable, GenericMap, SmtpClientOptions } from '../src/index.ts'
import { inlineTable } from './tls-settings.ts'

/** The tables of a dialogue's main.cf. */
export function tableOptions(
  config: Readonly<Record<string, string>>,
  log: Logger,
): Partial<SmtpClientOptions> {
  const table = (name: string): ClientTable | undefined => {
    const text = config[name] ?? ''
    return text.startsWith('regexp:') ? regexpTable(text) : inlineTable(text, log)
  }
  const headerChecks = table('smtp_header_checks')
  const replies = replyTable(config['smtp_reply_filter'] ?? '')
  const none = { mimeHeaderChecks: undefined, nestedHeaderChecks: undefined, bodyChecks: undefined }
  return {
    discardEhloKeywordMaps: table('smtp_discard_ehlo_keyword_address_maps'),
    pixWorkaroundMaps: table('smtp_pix_workaround_maps'),
    replyFilter: replies && { table: config['smtp_reply_filter'] ?? '', lookup: replies },
    contentChecks: headerChecks === undefined ? undefined : { ...none, headerChecks },
    genericMap: genericMap(config, table('smtp_generic_maps')),
    deliveryStatusFilter: table('smtp_delivery_status_filter'),
  }
}

/** `regexp:{{/pattern/ result} {...}}` */
function regexpTable(text: string): ClientTable {
  const rules = [...text.matchAll(/\{\/(.*?[^\\])\/ (.*?)\}/g)].map(
    ([, pattern = '', result = '']) => ({
      pattern: new RegExp(pattern),
      result,
    }),
  )
  return (key) => {
    for (const { pattern, result } of rules) {
      const match = pattern.exec(key)
      if (match !== null) return result.replaceAll(/\$(\d)/g, (_, group) => match[group] ?? '')
    }
    return undefined
  }
}

/** As generic(5) has it, for one table of names. */
function genericMap(
  config: Readonly<Record<string, string>>,
  table: ClientTable | undefined,
): GenericMap | undefined {
  if (table === undefined) return undefined
  const isKept = config['propagate_unmatched_extensions'] === 'generic'
  const delimiter = config['recipient_delimiter'] ?? '\n'
  return async (address) => {
    const { localPart, domain } = splitAddress(address)
    const [base, ...extension] = localPart.split(delimiter)
    const whole = await table(address)
    if (whole !== undefined) return [whole]
    const withoutExtension = await table(`${base}@${domain}`)
    if (withoutExtension !== undefined) {
      const kept = isKept ? ['', ...extension].join(delimiter) : ''
      return [withoutExtension.replace('@', `${kept}@`)]
    }
    const replaced = await table(`@${domain}`)
    return replaced === undefined ? undefined : [`${localPart}${replaced}`]
  }
}

/** The log of this one is not that of other tables. */
function replyTable(text: string): ClientTable | undefined {
  if (text === '') return undefined
  if (text.startsWith('regexp:')) return regexpTable(text)
  return () => {
    throw new Error(text)
  }
}
