// biome-ignore-all lint/suspicious/noTemplateCurlyInString: macros of templates look like that.

/** Template files, one character for each byte, that both programs are run with. */
export const templateFiles: readonly string[] = [
  '',
  ...definitions(),
  ...headers().map((text) => `failure_template = <<EOF\n${text}\nEOF\n`),
  'success_template = <<EOF\nPostmaster-Subject: x\n\nx\nEOF\n',
  'success_template = <<EOF\nPostmaster-Subject: \xff\n\nx\nEOF\n',
  'verify_template = <<E\nx\nE\nfailure_template = a\ndelay_template = b\nsuccess_template = c\n',
  ...macros().map((text) => `failure_template = <<E\nat ${text}\nE\n`),
]

/** What files of chance are made of. */
export const templateParts: readonly string[] = [
  ...['failure_template', 'success_template', 'other', ' = ', '=', ' <<', '<<EOF', 'EOF', '#', '"'],
  ...['\n', '\n', '\n', '\nEOF\n', '\n\n', '\nE\n', ' ', '\t', '\v', '\f', '\r', '\0', '\x01'],
  ...['Subject: x', 'charset: utf-8', 'From:', 'Postmaster-Subject: y', 'X: y', ':', '\xff'],
  ...['text', '\xc3\xa9', '$mydomain', '${mydomain?x}', '${nosuch:y}', '$nosuch', '$$', '$', '${'],
  ...['}', '$delay_warning_time_hours', '$maximal_queue_lifetime_minutes', '{', '?', '=='],
  ...['failure_template = <<EOF\n', 'delay_template = <<EOF\nq\nEOF\n', 'verify_template=<<E\n'],
  '${mydomain?{a$nosuch}:{$myhostname}}',
]

function definitions(): readonly string[] {
  return [
    ...['failure_template = <<EOF\nx\nEOF', 'failure_template = <<EOF', 'failure_template = hello'],
    ...[
      'failure_template = a <<E\nx\nE\n',
      '  failure_template\t=\v<< E F\nx\nE F\n',
      'a',
      '= x\n',
    ],
    ...[' =x\n', 'a b = x\n', 'a-b/$ = x\n\xc3\xa9 \x01 \xff "\n', 'failure_template <<E\nE\n'],
    ...['failure_template = x\n y\n', 'failure_template = hello $mydomain \t \n', '\xa0\n', 'x=\n'],
    ...['failure_template = <<_X\n', 'failure_template = <<\n', 'failure_template = <<"E"\nE\n'],
    ...['failure_template = <<\xc3\xa9\n', 'failure_template = <<EOF\r\nx\r\nEOF\r\n', '\0x\n# y'],
    ...['failure_template = <<E\nx\nE\nfailure_template = y\n', 'failure_template = <<E\nx\nE \nE'],
    ...['failure_template = <<E\n\0x\ny\0z\nE\0\n', 'a = <<E\nx\nE\n\n \t\n # c\nb = c\nd'],
  ]
}

function headers(): readonly string[] {
  return [
    ...[
      '',
      'Subject: x',
      '\n\nword: x\ny',
      'Subject: a\n b\nFrom: x\n\nc',
      'Subject: a\nsubject:b',
    ],
    ...['SUBJECT :  a \nx y: z', ' Subject: z', 'Subject:  \nx', 'Subj\xff: x', 'Subject: \xff\nx'],
    ...['Subject\x0b: x', 'Subject:\x0bx\x0b\ny', ': x', 'Subject: a\n\x0b\n\r\n \nx\n\n', '\n \n'],
    ...[
      '\xff',
      'Charset: utf-8\n\n\xff\xc3\xa9',
      'charset: US-ASCII\n\n\xff',
      'x: \0 y\nz',
      'X:a\nb',
    ],
    ...['Postmaster-Subject: y\nFrom: z\nx', 'Subject: \x01\tx\r\ny', '\n \nSubject: x'],
  ]
}

function macros(): readonly string[] {
  return [
    ...['$mydomain ${myhostname} $(myhostname) $$x \\n', '$relayhost.', '$', '$-', '${x', '$()'],
    ...['$nosuch', '${nosuch}', '${nosuch?x}${nosuch:y}${nosuch?{x}:{z}}', '${mydomain:$nosuch}'],
    ...['${mydomain?{$nosuch}:{y}}', '${{$nosuch}=={}?{t}:{f}}', '${{a}=={a}?{t}:{f}}', '${a|b}'],
    ...['${{a} ~ {b}?x}', '${nosuch?{x', '$nosuch ${x', '$price ${price?{$price}}', '$list'],
    ...['$delay_warning_time $maximal_queue_lifetime', '$delay_warning_time_', '$process_name'],
    ...['$delay_warning_time_months', '${maximal_queue_lifetime_foo?x}', '$delay_warning_timex'],
    ...['$delay_warning_time_seconds $delay_warning_time_minutes $delay_warning_time_hours'],
    ...['$delay_warning_time_days $delay_warning_time_weeks ${maximal_queue_lifetime_seconds?x}'],
    ...['$maximal_queue_lifetime_minutes $maximal_queue_lifetime_hours', '$bounce_template_file'],
    ...['$maximal_queue_lifetime_days $maximal_queue_lifetime_weeks $delay_warning_time_x $nosuch'],
  ]
}
