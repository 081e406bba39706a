/** smtp-sink(1) with some switches, and what becomes of mail to it. */
export interface SinkCase {
  readonly switches: readonly string[]
  readonly status: 'sent' | 'deferred' | 'bounced'
  /** Options in the line of master.cf, where the usual ones will not do. */
  readonly options?: string
  readonly agent?: 'lmtp'
  /** Instead of a small one. */
  readonly text?: string
  /** So many, one after the other; `status` is that of the last. */
  readonly messages?: number
}

/** Of each phase with a limit: smtp-sink's word for it. */
const PHASES = {
  ...{ CONNECT: 'helo', EHLO: 'helo', HELO: 'helo', MAIL: 'mail', RCPT: 'rcpt' },
  ...{ DATA: 'data_init', content: 'data_xfer', '.': 'data_done', RSET: 'rset', QUIT: 'quit' },
} as const
type Phase = keyof typeof PHASES

/** What takes so long is given up. */
const impatient = (phase: Phase) => ({ options: `-o smtp_${PHASES[phase]}_timeout=3s` }) as const
/** In seconds; nobody waits that long. */
const LONG = '30'
const LARGE = `Subject: large\n\n${`${'0123456789'.repeat(7)}\n`.repeat(130_000)}`
const EIGHT_BIT = 'MIME-Version: 1.0\nContent-Type: text/plain\n\ncafé\n'

type Status = SinkCase['status']
const on = (option: string, commands: Readonly<Record<string, Status>>): SinkCase[] =>
  Object.entries(commands).map(([command, status]) => ({ switches: [option, command], status }))

const lmtp = (option: string, commands: Readonly<Record<string, Status>>): SinkCase[] =>
  on(option, commands).map(({ switches, status }) => {
    return { switches: ['-L', ...switches], status, agent: 'lmtp' }
  })

/** What an error reply does, hard or soft; RSET is sent after RCPT was refused. */
export const REFUSED: readonly SinkCase[] = [
  ...on('-f', {
    CONNECT: 'deferred', // smtp_skip_5xx_greeting
    EHLO: 'sent', // HELO follows.
    'EHLO,HELO': 'bounced',
    MAIL: 'bounced',
    RCPT: 'bounced',
    DATA: 'bounced',
    '.': 'bounced',
    'RCPT,RSET': 'bounced',
    QUIT: 'sent',
    'VRFY,NOOP': 'sent',
  }),
  ...on('-r', {
    CONNECT: 'deferred',
    EHLO: 'sent',
    'EHLO,HELO': 'deferred',
    MAIL: 'deferred',
    RCPT: 'deferred',
    DATA: 'deferred',
    '.': 'deferred',
    'RCPT,RSET': 'deferred',
    QUIT: 'sent',
    'VRFY,NOOP': 'sent',
  }),
  ...lmtp('-f', { LHLO: 'bounced', MAIL: 'bounced', RCPT: 'bounced', DATA: 'bounced' }),
  ...lmtp('-f', { CONNECT: 'deferred', '.': 'bounced', QUIT: 'sent' }),
  ...lmtp('-r', { LHLO: 'deferred', MAIL: 'deferred', RCPT: 'deferred', DATA: 'deferred' }),
  ...lmtp('-r', { CONNECT: 'deferred', '.': 'deferred', QUIT: 'sent' }),
  { switches: ['-B', '552 5.2.2 full', '-f', 'RCPT'], status: 'bounced' },
  { switches: ['-B', '552 full', '-f', '.'], status: 'bounced' },
  { switches: ['-b', '451 4.2.1 later', '-r', 'RCPT'], status: 'deferred' },
  { switches: ['-b', '421 4.4.5 busy', '-r', 'CONNECT'], status: 'deferred' },
]

/** The server goes away, with a word (`-Q`) or without (`-q`). */
export const LOST: readonly SinkCase[] = [
  ...['-q', '-Q'].flatMap((option) =>
    on(option, {
      CONNECT: 'deferred',
      EHLO: 'deferred',
      MAIL: 'deferred',
      RCPT: 'deferred',
      DATA: 'deferred',
      '.': 'deferred',
      QUIT: 'sent',
      'VRFY,NOOP': 'sent',
    }),
  ),
  ...['-q', '-Q'].flatMap((option) => lmtp(option, { LHLO: 'deferred', '.': 'deferred' })),
  { switches: ['-e', '-q', 'HELO'], status: 'deferred' },
  { switches: ['-e', '-Q', 'HELO'], status: 'deferred' },
  { switches: ['-f', 'RCPT', '-q', 'RSET'], status: 'bounced' },
  { switches: ['-f', 'RCPT', '-Q', 'RSET'], status: 'bounced' },
  { switches: ['-p', '-q', 'RCPT'], status: 'deferred' },
  { switches: ['-p', '-Q', 'DATA'], status: 'deferred' },
  { switches: ['-A', '0'], status: 'bounced' },
  { switches: ['-A', '1'], status: 'bounced' },
  { switches: ['-A', '0'], text: LARGE, status: 'bounced' },
  { switches: ['-n', '1'], status: 'sent' },
  { switches: ['-M', '1'], messages: 2, status: 'deferred' },
]

/** The server takes its time. */
export const SLOW: readonly SinkCase[] = [
  ...(['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', '.'] as const).map(
    (command): SinkCase => ({
      switches: ['-p', '-W', `${command}:${LONG}`],
      status: 'deferred',
      ...impatient(command),
    }),
  ),
  { switches: ['-p', '-W', `QUIT:${LONG}`], status: 'sent', ...impatient('QUIT') },
  // Its delays and PIPELINING do not go together: it answers later commands first, or holds back
  // replies that were ready.
  { switches: ['-W', 'MAIL:1'], status: 'bounced' },
  { switches: ['-W', 'RCPT:1'], status: 'bounced' },
  { switches: ['-W', `.:${LONG}`], status: 'sent', ...impatient('.') },
  { switches: ['-W', `QUIT:${LONG}`], status: 'deferred', ...impatient('.') },
  { switches: ['-e', '-W', `HELO:${LONG}`], status: 'deferred', ...impatient('HELO') },
  { switches: ['-f', 'RCPT', '-W', `RSET:${LONG}`], status: 'bounced', ...impatient('RSET') },
  { switches: ['-p', '-w', LONG], status: 'deferred', ...impatient('DATA') },
  { switches: ['-w', '1'], status: 'sent' },
  { switches: ['-W', '.:1:50'], status: 'sent' },
  { switches: ['-H', '1'], status: 'sent' },
  {
    switches: ['-H', LONG, '-T', '2048'],
    text: LARGE,
    status: 'deferred',
    ...impatient('content'),
  },
  { switches: ['-H', '1', '-T', '2048'], text: LARGE, status: 'sent' },
  { switches: ['-t', '20'], status: 'sent' },
]

/** It takes mail, and may or may not announce this and that. */
export const ANNOUNCED: readonly SinkCase[] = [
  ...[[], ['-8'], ['-a'], ['-C'], ['-e'], ['-E'], ['-F'], ['-N'], ['-p'], ['-P']],
  ...[['-8', '-e'], ['-h', 'other.example'], ['-c'], ['-v'], ['-4'], ['-m', '1']],
  ...[
    ['-S', 'start\\n'],
    ['-s', 'MAIL,RCPT'],
    ['-R', '.'],
  ],
].map((switches) => ({
  switches,
  text: EIGHT_BIT,
  status: 'sent' as const,
  options: '-o smtp_send_xforward_command=yes -o smtp_pix_workaround_delay_time=1s',
}))
