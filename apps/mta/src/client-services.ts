import { type Config, lmtpConfig, type MasterService } from '@posthouse/config'
import { programOf } from '@posthouse/master'

import type { Configuration } from './load-configuration.ts'

/** A service of master.cf that delivers over SMTP or LMTP. */
export interface ClientService {
  readonly service: MasterService
  readonly protocol: 'smtp' | 'lmtp'
  /** Under the names of the SMTP client there are, for LMTP, the values of their twins. */
  readonly config: Config
}

/** The services that smtp(8) is for, in either of its roles. */
export function clientServices({ services, configOf }: Configuration): ClientService[] {
  return services.flatMap((service): ClientService[] => {
    const protocol = programOf(service)
    const config = configOf(service)
    if (protocol === 'smtp') return [{ service, protocol, config }]
    return protocol === 'lmtp' ? [{ service, protocol, config: lmtpConfig(config) }] : []
  })
}
