/** What a template is for: its name in a file is `failure_template` and so on, in this order. */
export const bounceTemplateKinds = ['failure', 'delay', 'success', 'verify'] as const

export type BounceTemplateKind = (typeof bounceTemplateKinds)[number]

/** The headers and the text of a notification, before `$name` is expanded (bounce(5)). */
export interface BounceTemplate {
  readonly kind: BounceTemplateKind
  /** Path of its file as given, or `[built-in]`: for messages about it. */
  readonly origin: string
  /** Character set of the text. */
  readonly charset: string
  readonly from: string
  readonly subject: string
  /** Of copies to the postmaster; undefined where there are none. */
  readonly postmasterSubject: string | undefined
  /** Lines of the text, without line ends. Bytes that are not UTF-8 are lone surrogates. */
  readonly lines: readonly string[]
}

/** One of each kind. */
export type BounceTemplates = Readonly<Record<BounceTemplateKind, BounceTemplate>>
