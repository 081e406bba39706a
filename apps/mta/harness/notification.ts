import { simpleParser } from 'mailparser'

import type { Arrival } from './destination.ts'

/** A notification as mailparser reads it. */
export interface ReadNotification {
  readonly to: string
  readonly subject: string
  /** What is for people. */
  readonly text: string
  /** `NAME: value` of the report, by recipient. */
  readonly reports: readonly ReadonlyMap<string, string>[]
  /** Type and content of what came back. */
  readonly original: { readonly type: string; readonly text: string }
}

/** Reads a notification that arrived somewhere. @throws for other mail. */
export async function readNotification(arrival: Arrival): Promise<ReadNotification> {
  const mail = await simpleParser(arrival.content, { keepDeliveryStatus: true })
  const [status, original] = mail.attachments
  if (status?.contentType !== 'message/delivery-status' || original === undefined) {
    throw new Error(`no notification: ${arrival.content}`)
  }
  const [, ...groups] = String(status.content).trim().split('\n\n')
  const reports = groups.map((group) => new Map(group.split(/\n(?! )/).map(fieldOf)))
  return {
    to: arrival.recipient,
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    reports,
    original: { type: original.contentType, text: String(original.content) },
  }
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(': ')
  return [line.slice(0, colon), line.slice(colon + 2)]
}

/** Whether what arrived is a notification. */
export function isNotification({ content }: Arrival): boolean {
  return content.includes('\nContent-Type: multipart/report;')
}
