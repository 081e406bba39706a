import { systemClock as clock } from '@posthouse/clock'
import type { Inflow } from '@posthouse/scheduler'

/** Waits where more mail comes in than goes out: `in_flow_delay`. */
export async function admission(inflow: Inflow, delayMs: number): Promise<void> {
  if (delayMs <= 0 || inflow.take()) return
  await new Promise<void>((resolve) => clock.after(delayMs, resolve))
}
