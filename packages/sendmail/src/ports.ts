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
  /**
   * Hands a message in, as postdrop(1) does. Durable once it is `stored`. What `records` throws
   * it throws too, and keeps nothing.
   */
  submit(records: AsyncIterable<Uint8Array>): Promise<SubmitReply>
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
}
