export { SendmailError } from './errors.ts'
export type {
  SendmailPorts,
  SendmailSystem,
  SendmailUser,
  SmtpSettings,
  SubmitReply,
} from './ports.ts'
export { runSendmail } from './run-sendmail.ts'
