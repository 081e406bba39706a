import type { Tool } from './tool-call.ts'

/**
 * The tools by name: `posthouse NAME`, or a link of that name to `posthouse`. Each is read when it
 * is called: most of the program is of no use to it.
 */
export const TOOLS: Readonly<Record<string, () => Promise<Tool>>> = {
  mailq: async () => (await import('./postqueue.ts')).mailq,
  newaliases: async () => (await import('./sendmail.ts')).newaliases,
  postcat: async () => (await import('./postcat.ts')).postcat,
  postconf: async () => (await import('./postconf.ts')).postconf,
  postdrop: async () => (await import('./postdrop.ts')).postdrop,
  postsuper: async () => (await import('./postsuper.ts')).postsuper,
  postqueue: async () => (await import('./postqueue.ts')).postqueue,
  qshape: async () => (await import('./qshape.ts')).qshape,
  sendmail: async () => (await import('./sendmail.ts')).sendmail,
  queue: async () => (await import('./postqueue.ts')).queue,
}
