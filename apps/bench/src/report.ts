import type { Measurement } from './measure.ts'

const COLUMNS = ['messages/s', 'CPU ms/message', 'peak memory MB'] as const

/** One line of figures. */
export function formatMeasurement(name: string, measurement: Measurement): string {
  return formatRow(
    name,
    figures(measurement).map((figure) => figure.toPrecision(4)),
  )
}

export function formatHeading(): string {
  return formatRow('', COLUMNS)
}

/** One line of ratios. */
export function formatRatio(name: string, ratios: Measurement): string {
  const { messagesPerSecond, cpuMsPerMessage, peakMemoryBytes } = ratios
  const cells = [messagesPerSecond, cpuMsPerMessage, peakMemoryBytes]
  return formatRow(
    name,
    cells.map((cell) => `${cell.toFixed(2)} x`),
  )
}

/** `a` over `b`, figure by figure. */
export function ratio(a: Measurement, b: Measurement): Measurement {
  return {
    messagesPerSecond: a.messagesPerSecond / b.messagesPerSecond,
    cpuMsPerMessage: a.cpuMsPerMessage / b.cpuMsPerMessage,
    peakMemoryBytes: a.peakMemoryBytes / b.peakMemoryBytes,
  }
}

/** The median of each figure. */
export function median(measurements: readonly Measurement[]): Measurement {
  const middle = (pick: (measurement: Measurement) => number): number => {
    const sorted = measurements.map(pick).toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return {
    messagesPerSecond: middle((one) => one.messagesPerSecond),
    cpuMsPerMessage: middle((one) => one.cpuMsPerMessage),
    peakMemoryBytes: middle((one) => one.peakMemoryBytes),
  }
}

function figures({ messagesPerSecond, cpuMsPerMessage, peakMemoryBytes }: Measurement): number[] {
  return [messagesPerSecond, cpuMsPerMessage, peakMemoryBytes / 2 ** 20]
}

function formatRow(name: string, cells: readonly string[]): string {
  return name.padEnd(28) + cells.map((cell) => cell.padStart(17)).join('')
}
