/** A recipient as it was received, with what was asked for it. Addresses in internal form. */
export interface ReceivedRecipient {
  readonly address: string
  /** What `address` was before the mail system changed it; absent: it is as it was asked for. */
  readonly original?: string
  /** DSN ORCPT, `type;address`, decoded; absent or empty: not asked for. */
  readonly dsnOriginal?: string
  /** DSN NOTIFY: 1 NEVER, or a sum of 2 SUCCESS, 4 FAILURE, 8 DELAY; 0 or absent: not asked for. */
  readonly notify?: number
}

/** A recipient without anything asked for may be its address alone. */
export type CleanupRecipient = string | ReceivedRecipient

/** A recipient with its properties. */
export function receivedRecipient(recipient: CleanupRecipient): ReceivedRecipient {
  return typeof recipient === 'string' ? { address: recipient } : recipient
}
