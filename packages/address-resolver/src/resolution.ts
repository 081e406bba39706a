/** Why a domain is ours to handle, or not (ADDRESS_CLASS_README, `G-146`). */
export type AddressClass = 'local' | 'alias' | 'virtual' | 'relay' | 'default'

/** Where a recipient goes. */
export interface Route {
  readonly kind: 'route'
  /** Name of a service in master.cf; `error` and `retry` make a failure of `nexthop`. */
  readonly transport: string
  readonly nexthop: string
  /** The recipient in internal form, perhaps changed. */
  readonly recipient: string
  readonly addressClass: AddressClass
  /** `G-152`, as trivial-rewrite(8) replies them: 2 routed, 256 local, … 4096 default. */
  readonly flags: number
}

/** A table could not be asked, or a transport has no name: try again later (`G-153`). */
export interface TemporaryFailure {
  readonly kind: 'temporary-failure'
  readonly recipient: string
  /** `G-152`: 8 fail, and what was known by then. */
  readonly flags: number
}

/** Nobody can ever deliver to this address: 5.1.3 `bad address syntax` (`G-153`). */
export interface BadAddress {
  readonly kind: 'bad-address'
  readonly recipient: string
  /** `G-152`: 4 error, and what was known by then. */
  readonly flags: number
}

/** The answer to one query. Plain data. */
export type Resolution = Route | TemporaryFailure | BadAddress

export const FLAG_ROUTED = 2
export const FLAG_ERROR = 4
export const FLAG_FAIL = 8

/** The flag of each class (`G-146`). */
export const CLASS_FLAGS: Readonly<Record<AddressClass, number>> = {
  local: 256,
  alias: 512,
  virtual: 1024,
  relay: 2048,
  default: 4096,
}
