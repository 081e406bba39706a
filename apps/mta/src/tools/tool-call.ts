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
