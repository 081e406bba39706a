export type { MaildropMessage, MaildropRecipient } from './maildrop-message.ts'
export { Pickup } from './pickup.ts'
export type {
  PickupOptions,
  PickupPorts,
  PickupResult,
  PickupTransaction,
  Submitter,
} from './ports.ts'
