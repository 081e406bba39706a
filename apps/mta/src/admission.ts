import { systemClock as clock } from '@posthouse/clock'
import type { Inflow } from '@posthouse/scheduler'

/** Waits where more mail comes in than goes out: `in_flow_delay`. Undefined: it need not wait. */
export function admission(inflow: Inflow, delayMs: number): Promise<void> | undefined {
  if (delayMs <= 0 || inflow.take()) return undefined
  return new Promise<void>((resolve) => clock.after(delayMs, resolve))
}
