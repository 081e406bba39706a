/** main.cf and master.cf, one character for each byte. */
export interface Files {
  readonly main: string
  readonly master: string
}

const LEVEL = 'compatibility_level = 3.6\n'
const SMTP = 'smtp unix - - n - - smtp\n'

const continued: Files = {
  main: `${LEVEL}relayhost = [a.example],
# inside
   [b.example]

mydestination = $myhostname,\tlocalhost.$mydomain, $nosuch # no comment
long_list = ${'x'.repeat(70)} y
smtpd_client_restrictions = check_client_access { inline:{ a=b, { c = d e } } , default=x },
    reject_unknown_client_hostname, permit_mynetworks, reject_unauth_pipelining, permit
unused = 1 2\t3
bytes = \xff\xfe\r
relayhost = again
`,
  master: SMTP,
}

const restrictions: Files = {
  main: `${LEVEL}smtpd_restriction_classes = strict, undefined_one
strict = reject
lax = $other
other = permit
virtual_alias_maps = ldap:corp
corp_search_base = x
slow_destination_rate_delay = 1s
pipe_time_limit = 5
default_rbl_reply = $rbl_code
`,
  master: `slow unix - - n - - pipe flags=R user=x argv=/bin/x $sender {a b}
  -o not=option
127.0.0.1:10025 inet n - n - 2 smtpd -o { mynetworks = 127.0.0.0/8, 10.0.0.0/8 } -v -o strict=
# comment
 -o syslog_name=postfix/$service_name
`,
}

const services: Files = {
  main: LEVEL,
  master: `# head
a-service-with-a-long-name unix-dgram n - n 300? - smtpd -vo x=1 -o { y = 2 3 }
smtp inet n - n - - smtpd

smtp unix - - n - - smtp
  -o a=1 ${'word '.repeat(30)}
# last
`,
}

/** What both programs are run with. */
export const cases: readonly {
  readonly name: string
  readonly files: Files
  readonly args: readonly string[]
}[] = [
  ...runs('continuations', continued, [
    ...[['-n'], ['-nf'], ['-nx'], ['relayhost=new'], ['-X', 'relayhost'], ['-#', 'relayhost']],
    ...[['unused'], ['-o', 'nosuch=1', '-x', 'mydestination'], ['-n', '-C', 'user']],
  ]),
  ...runs('used and unused', restrictions, [
    ...[['-n'], ['-nx'], ['-Mf'], ['-Mx'], ['-P'], ['-Px'], ['-C', 'service', '-h'], ['-Ff']],
    ...[
      ['-P', '127.0.0.1:10025/inet/strict=a'],
      ['-PX', '*/inet/mynetworks'],
    ],
  ]),
  ...runs('services', services, [
    ...[['-M'], ['-Mf'], ['-F'], ['-P'], ['-F', '*/*/chroot=y'], ['-P', 'smtp/unix/a=2']],
    ...[
      ['-M', 'smtp/unix=smtp unix - - n - - lmtp -o { a = b c }'],
      ['-MX', '*/unix'],
    ],
    ...[
      ['-M#', 'smtp/unix'],
      ['-F', 'smtp/unix/command=smtp -o b={x'],
      ['-M', 'nosuch'],
    ],
  ]),
  ...runs('a broken macro', { main: `${LEVEL}relayhost = $\{a\n`, master: SMTP }, [['-n'], ['-M']]),
  ...runs('no equals sign', { main: `${LEVEL}relayhost\n`, master: SMTP }, [['-n'], ['a=b']]),
  ...runs('no command', { main: LEVEL, master: `${SMTP}x unix - - n - -\n` }, [['-M'], ['-n']]),
  ...runs('bad type', { main: LEVEL, master: 'x y - - n - - z\n' }, [['-M'], ['-d', 'relayhost']]),
]

function runs(name: string, files: Files, all: readonly (readonly string[])[]) {
  return all.map((args) => ({ name, files, args }))
}
