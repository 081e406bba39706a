import type { Logger } from '@posthouse/mail-log'

import type { ClientTable, SmtpClientOptions } from '../src/index.ts'
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
  const none = { mimeHeaderChecks: undefined, nestedHeaderChecks: undefined, bodyChecks: undefined }
  return {
    discardEhloKeywordMaps: table('smtp_discard_ehlo_keyword_address_maps'),
    pixWorkaroundMaps: table('smtp_pix_workaround_maps'),
    contentChecks: headerChecks === undefined ? undefined : { ...none, headerChecks },
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
