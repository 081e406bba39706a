import type { LogSink } from './log-sink.ts'

/**
 * Lines for whatever takes them at once: `streamSink((text) => console.log(text.trimEnd()))`. Only
 * what `write` throws is seen here, and nothing limits what a slow stream gathers: that is what
 * `pipeSink` is for.
 */
export function streamSink(write: (text: string) => unknown): LogSink {
  return { write }
}
