/** Who calls sendmail(1). */
export interface SendmailUser {
  readonly id: number
  /** Undefined: the account has no name. */
  readonly name: string | undefined
  /** Of the environment, else of the account; may be empty. Undefined: there is none. */
  readonly fullName: string | undefined
}

/** What became of a message. */
export type SubmitReply =
  | { readonly kind: 'stored' }
  /** `reason`: for the user. */
  | { readonly kind: 'refused'; readonly reason: string }

/** What the stand-alone SMTP server says of itself. */
export interface SmtpSettings {
  /** `myhostname`. */
  readonly hostname: string
  /** `mail_name`. */
  readonly mailName: string
  /** `message_size_limit`, bytes; 0: none. */
  readonly maxMessageBytes: number
  /** `smtputf8_enable`. */
  readonly smtputf8: boolean
  /** Now, as headers have it (RFC 5322 3.3). */
  date(): string
}

/** The mail system that one main.cf describes. Parameters are quoted. */
export interface SendmailSystem {
  readonly user: SendmailUser
  /** `authorized_submit_users` names the user. */
  readonly maySubmit: boolean
  /** `line_length_limit`, bytes. */
  readonly lineLengthLimit: number
  /** `header_size_limit`, bytes. */
  readonly headerSizeLimit: number
  /** `header_address_token_limit`, tokens. */
  readonly headerAddressTokenLimit: number
  /** `sendmail_fix_line_endings`. */
  readonly fixLineEndings: 'always' | 'strict' | 'never'
  /** `default_verp_delimiters`. */
  readonly defaultVerpDelimiters: string
  /** `verp_delimiter_filter`. */
  readonly verpDelimiterFilter: string
  /** For `-bs`. */
  readonly smtp: SmtpSettings
  /**
   * Hands a message in, as postdrop(1) does. Durable once it is `stored`. What `records` throws
   * it throws too, and keeps nothing.
   *
   * @param created Told of the queue id, before the first record is asked for.
   */
  submit(records: AsyncIterable<Uint8Array>, created?: (id: string) => void): Promise<SubmitReply>
}

/** What sendmail(1) takes from the machine that it runs on. */
export interface SendmailPorts {
  readonly input: AsyncIterable<Uint8Array>
  stdout(bytes: Uint8Array): void
  stderr(bytes: Uint8Array): void
  /**
   * Reads main.cf: that of the directory of `-C`, else the default one.
   *
   * @throws {Error} whose message is for the user.
   */
  open(configDirectory: string | undefined): SendmailSystem | Promise<SendmailSystem>
  /** postqueue(1), with the configuration of that directory. @returns its exit status. */
  postqueue(args: readonly string[], configDirectory: string | undefined): Promise<number>
  /** Starts the mail system in the background. @throws {Error} whose message is for the user. */
  start(configDirectory: string | undefined): Promise<void>
  /**
   * postalias(1), with the configuration of that directory, for `map`, else what `alias_database`
   * names; nothing to do for an empty one.
   *
   * @returns its exit status.
   * @throws {Error} whose message is for the user.
   */
  postalias(map: string | undefined, configDirectory: string | undefined): Promise<number>
}
