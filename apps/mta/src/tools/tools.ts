/** What a tool is called with. */
export interface ToolCall {
  /** The name it goes by, such as `mailq`. */
  readonly name: string
  /** What follows the name. */
  readonly args: readonly string[]
  /**
   * The directory with main.cf and master.cf, unless the arguments of the tool say otherwise. As
   * given: the output of tools names it.
   */
  readonly configDirectory: string
  readonly builtInDirectory: string
}

/** Runs a tool of its own command line. @returns the exit status. */
export type Tool = (call: ToolCall) => number | Promise<number>

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
