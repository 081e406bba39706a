import { parseMasterCf } from '@posthouse/config'
import { describe, expect, it } from 'vitest'

import { serviceFlags } from './service-flags.ts'

function flagsOf(args: string) {
  const options = { file: 'master.cf', chrootByDefault: false, knownTcpPorts: new Map() }
  const { services } = parseMasterCf(`\nrelay unix - - n - - smtp ${args}\n`, options)
  return serviceFlags(services[0]!)
}

describe('C-175: arguments of an smtp service', () => {
  it.each([
    ['', [], false],
    ['flags=', [], false],
    ['-v -o smtp_helo_name=x flags=R', ['Return-Path'], false],
    ['{ flags=DORX }', ['Delivered-To', 'X-Original-To', 'Return-Path'], true],
    ['flags=D flags=X', [], true],
  ])('%s', (args, headers, isFinal) => {
    expect(flagsOf(args)).toEqual({ prependedHeaders: new Set(headers), isFinal })
  })

  it.each([
    ['flags=DQ', 'unknown flag "Q" in flags=DQ'],
    ['{flags=D, R}', 'unknown flag "," in flags=D, R'],
    ['flags=R -o smtp_helo_name=x', 'unknown attribute -o'],
    ['user=nobody', 'unknown attribute user=nobody'],
  ])('are refused where they mean nothing: %s', (args, problem) => {
    expect(() => flagsOf(args)).toThrow(`master.cf: line 2: service relay: ${problem}`)
  })
})
