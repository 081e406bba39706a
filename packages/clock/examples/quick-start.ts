import { type Clock, VirtualClock } from '@posthouse/clock'

function remind(clock: Clock): void {
  clock.after(300_000, () => console.log(`after ${clock.now() / 1000} s`))
}

const clock = new VirtualClock()
remind(clock)
await clock.run(3_600_000)
