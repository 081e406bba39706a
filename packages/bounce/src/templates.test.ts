// biome-ignore-all lint/suspicious/noTemplateCurlyInString: macros of templates look like that.
import { ConfigError } from '@posthouse/config'
import { encodeAddress } from '@posthouse/mail-address'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import vectors from '../vectors/templates/files.json' with { type: 'json' }
import {
  BounceTemplateError,
  builtInTemplates,
  expandBounceTemplate,
  formatBounceTemplates,
  parseBounceTemplates,
  showBounceTemplates,
  type TemplateValues,
} from './index.ts'

const PATH = '/etc/postfix/t.cf'
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ...([['myhostname', 'mail.example.com']] as const),
  ...([['mydomain', 'example.com']] as const),
  ...([['mail_name', 'Postfix']] as const),
  ...([['bounce_template_file', PATH]] as const),
  ...([['relayhost', '']] as const),
  ...([['price', '5$']] as const),
])
const VALUES: TemplateValues = {
  parameter: (name) => PARAMETERS.get(name),
  delayWarningTimeSeconds: 4 * 3600,
  maximalQueueLifetimeSeconds: 5 * 86_400,
  smtputf8: true,
}

function show(content: string, values: TemplateValues = VALUES) {
  return showBounceTemplates({ file: { path: PATH, content: Buffer.from(content) }, values })
}

function dump(content: Uint8Array) {
  return showBounceTemplates({ file: { path: PATH, content }, values: undefined })
}

function failureText(text: string, values: TemplateValues = VALUES): string {
  const { text: shown, error } = show(`failure_template = <<E\n\n${text}\nE\n`, values)
  return error ?? shown.slice(shown.indexOf('\n') + 1, shown.indexOf('\nEOF'))
}

describe("template files, as Postfix's postconf -b takes them", () => {
  it.each(vectors.cases)('F-78, F-80: $name', ({ file, status, stdout, stderr }) => {
    const { text, warnings, error } = show(file)
    if (stdout !== undefined) expect(text).toBe(stdout)
    const messages = warnings.map((warning) => `warning: ${warning}`)
    if (error !== undefined) messages.push(`fatal: ${error}`)
    const ofBuiltIn = (message: string) => message.includes('[built-in]')
    expect([...new Set(messages)].filter((message) => !ofBuiltIn(message))).toEqual(stderr)
    expect(error === undefined ? 0 : 1).toBe(status)
  })
})

describe('a template', () => {
  it('F-79: is built in for each kind, in ASCII, with the subjects of Postfix', () => {
    const { text, warnings, error } = showBounceTemplates({ file: undefined, values: VALUES })
    expect([warnings, error]).toEqual([[], undefined])
    for (const kind of ['failure', 'delay', 'success', 'verify']) {
      expect(text).toContain(`expanded_${kind}_text = <<EOF\n`)
    }
    expect(text.match(/mail server mail\.example\.com\./g)).toHaveLength(4)
    expect(text).toMatch(/over 4 hour\(s\).*until it is 5 day\(s\) old/s)
    expect(text).toMatch(/^[\n\x20-\x7e]*$/)
    expect(Object.values(builtInTemplates).map(({ subject }) => subject)).toEqual([
      'Undelivered Mail Returned to Sender',
      'Delayed Mail (still being retried)',
      'Successful Mail Delivery Report',
      'Mail Delivery Status Report',
    ])
    expect(Object.values(builtInTemplates).map((one) => one.postmasterSubject)).toEqual([
      ...['Postmaster Copy: Undelivered Mail', 'Postmaster Warning: Delayed Mail'],
      ...[undefined, undefined],
    ])
  })

  it('F-80: is dumped with all headers, and read again the same', () => {
    const dumped = formatBounceTemplates(builtInTemplates)
    expect(dumped).toMatch(
      /^failure_template = <<EOF\nCharset: us-ascii\nFrom: Mail .*\nSubject: .*\nPostmaster-.*\n\n/,
    )
    const { templates, warnings } = parseBounceTemplates(Buffer.from(dumped), '[built-in]')
    expect(warnings).toEqual([])
    expect(templates).toEqual(builtInTemplates)
  })

  it('F-78: the last definition of a name counts', () => {
    const { text } = show('verify_template = a\nverify_template = b\n')
    expect(text).toContain('expanded_verify_text = <<EOF\nb\nEOF\n')
  })

  it('F-78: headers are taken in any case, others stay those of the built-in template', () => {
    const content = Buffer.from('delay_template = <<E\nSUBJECT : a  b \nfrom:c\n\nx\nE\n')
    const { delay } = parseBounceTemplates(content, PATH).templates
    const { charset, postmasterSubject } = builtInTemplates.delay
    expect(delay).toEqual({
      ...{ kind: 'delay', origin: PATH, charset, postmasterSubject },
      ...{ subject: 'a  b ', from: 'c', lines: ['x'] },
    })
  })

  it('F-78: bytes that are not UTF-8 are kept with a charset, and lines end at a NUL', () => {
    const file = Buffer.from('failure_template = <<E\nCharset: x\n\n\xff\0y\nE\n', 'latin1')
    const { failure } = parseBounceTemplates(file, PATH).templates
    expect(failure.lines).toEqual(['\udcff'])
  })

  it.each(['E', 'E\n# more'])('F-78: the marker ends the text only with its newline: %j', (end) => {
    const { warnings, text } = show(`failure_template = <<E\nx\n${end}`)
    expect(text).toContain('expanded_failure_text = <<EOF\nx\nEOF\n')
    const missing = [`${PATH}, line 4: missing "E" end marker`]
    expect(warnings).toEqual(end === 'E' ? missing : [])
  })
})

describe('expansion', () => {
  it('F-78: a value is not expanded again', () => {
    expect(failureText('$price $$ ${price?{$price}}')).toBe('5$ $ 5$')
  })

  it('F-78: an undefined name may be asked for, but not be inserted', () => {
    expect(failureText('a ${nosuch?b}${nosuch:c} ${relayhost}.')).toBe('a c .')
    const problem = `${PATH}: undefined $name in failure template`
    expect(failureText('a ${nosuch}')).toBe([problem, 'a ${nosuch}'].join(': '))
    expect(failureText('a ${mydomain?{$nosuch}:{}}')).toContain(problem)
  })

  it('F-78: the own names are readable, if they can be', () => {
    const withName = (name: string, smtputf8: boolean): TemplateValues => ({
      ...VALUES,
      parameter: () => name,
      smtputf8,
    })
    expect(failureText('$mydomain', withName('xn--mnchen-3ya.Example', true))).toBe(
      'münchen.example',
    )
    expect(failureText('$mydomain', withName('xn--mnchen-3ya.example', false))).toMatch(/^xn--/)
    expect(failureText('$relayhost', withName('xn--mnchen-3ya.example', true))).toMatch(/^xn--/)
    const broken = expandBounceTemplate(builtInTemplates.verify, withName('xn--zzzzzzzz.a', true))
    expect(broken.lines[0]).toContain('xn--zzzzzzzz.a')
    expect(broken.warnings).toEqual([
      '[built-in]: conversion "myhostname" failed: input value: "xn--zzzzzzzz.a"',
    ])
  })

  it('F-78: a delay of 0 is no reason for a warning', () => {
    const values = { ...VALUES, delayWarningTimeSeconds: 0 }
    expect(show('', values).warnings).toEqual([])
    expect(show('', { ...VALUES, delayWarningTimeSeconds: 60 }).warnings).toHaveLength(3)
  })

  it('an error of main.cf stays one', () => {
    const cause = new ConfigError('macro', 'broken', { parameter: 'myhostname' })
    const parameter = () => {
      throw cause
    }
    expect(() => show('', { ...VALUES, parameter })).toThrow(cause)
  })
})

describe('errors', () => {
  it('say where', () => {
    const read = () => parseBounceTemplates(Buffer.from('a=b\n\nc d\n'), PATH)
    expect(read).toThrow(BounceTemplateError)
    const warnings = [`${PATH}, line 2: unknown template name: a -- ignoring this template`]
    const expected = { code: 'syntax', file: PATH, line: 3, text: 'c d', warnings }
    expect(read).toThrow(expect.objectContaining(expected))
  })
})

describe('properties', () => {
  const names = ['failure_template', 'verify_template', 'x']
  const part = fc.oneof(
    fc.constantFrom('\n', '\n', ' = ', '<<EOF', '\nEOF\n', '<<', '#', '\0', '\r', ' ', '\t', ':'),
    fc.constantFrom('Subject: x\n', 'charset: utf-8\n', '$', '{', '}', '${', '$mydomain', '?', '='),
    fc.constantFrom(...names, ...names.map((name) => `${name} = <<EOF\n`)),
    fc.string({ maxLength: 5 }),
    fc.uint8Array({ maxLength: 4 }),
  )
  const content = fc
    .array(part, { maxLength: 20 })
    .map((parts) => Buffer.concat(parts.map((one) => Buffer.from(one as string))))

  it('F-78: any bytes are four templates, or an error of this package', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        try {
          const { templates } = parseBounceTemplates(bytes, PATH)
          for (const template of Object.values(templates)) {
            expect(template.lines.length).toBeGreaterThan(0)
            expandBounceTemplate(template, VALUES)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BounceTemplateError)
          expect((error as Error).message).toMatch(/^(\/etc\/postfix\/t\.cf|\[built-in\])[,:] /)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('F-80: a dump of any bytes that can be read is read again the same', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const { text, error } = dump(bytes)
        if (error !== undefined || text.split('\n').filter((line) => line === 'EOF').length > 4) {
          return
        }
        expect(dump(encodeAddress(text)).text).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})
