import { readFileSync } from 'node:fs'
import {
  BounceTemplateError,
  type BounceTemplates,
  builtInTemplates,
  parseBounceTemplates,
} from '@posthouse/bounce'
import type { Config } from '@posthouse/config'
import { unquoteAddress } from '@posthouse/mail-address'

import type { ListUser } from '../match-lists.ts'
import type { NoticeOptions } from '../notices.ts'
import { headerFromFormat } from './header-from-format.ts'

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
}

type NoticeClass = 'bounce' | '2bounce' | 'delay'

/**
 * bounce(8). The template file is read now.
 *
 * @throws {ConfigError} It cannot be used.
 */
export function noticeOptions(
  { config, log }: ListUser,
  formatDate: (timeMs: number) => string,
): NoticeOptions {
  const { settings } = config
  const isSet = (name: string) => settings.unexpanded(name) !== undefined
  return {
    templates: templatesOf(config, (text) => log.warning(text)),
    templateValues: {
      parameter: (name) => (isSet(name) ? settings.expanded(name) : undefined),
      delayWarningTimeSeconds: config.delay_warning_time / 1000,
      maximalQueueLifetimeSeconds: config.maximal_queue_lifetime / 1000,
      smtputf8: config.smtputf8_enable,
    },
    myhostname: config.myhostname,
    mailName: config.mail_name,
    notifyClasses: new Set(config.notify_classes.filter(isNoticeClass)),
    doubleBounceSender: config.double_bounce_sender,
    bounceNoticeRecipient: unquoteAddress(config.bounce_notice_recipient),
    doubleBounceNoticeRecipient: unquoteAddress(config['2bounce_notice_recipient']),
    delayNoticeRecipient: unquoteAddress(config.delay_notice_recipient),
    bounceSizeLimit: config.bounce_size_limit,
    headerFromFormat: headerFromFormat(config),
    threadedBounces: config.enable_threaded_bounces,
    redactRequireTls: config.requiretls_redact_dsn,
    verpDelimiterFilter: config.verp_delimiter_filter,
    disableVerp: config.disable_verp_bounces,
    isChecked: config.internal_mail_filter_classes.includes('bounce'),
    formatDate,
  }
}

function isNoticeClass(word: string): word is NoticeClass {
  return word === 'bounce' || word === '2bounce' || word === 'delay'
}

/** @throws {ConfigError} */
function templatesOf(
  { bounce_template_file: file, settings }: Config,
  warn: (text: string) => void,
): BounceTemplates {
  if (file === '') return builtInTemplates
  const expected = 'a file with templates, see bounce(5)'
  try {
    const { templates, warnings } = parseBounceTemplates(readFileSync(file), file)
    for (const warning of warnings) warn(warning)
    return templates
  } catch (error) {
    if (error instanceof BounceTemplateError) {
      throw settings.error('bounce_template_file', error.message, expected, error.warnings)
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (code === undefined) throw error
    const text = `open bounce template file ${file}: ${FILE_ERRORS[code] ?? code}`
    throw settings.error('bounce_template_file', text, expected)
  }
}
