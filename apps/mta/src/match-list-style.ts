import type { Config } from '@posthouse/config'

/** Whether a list matches parent domains: `parent_domain_matches_subdomains` (G-67). */
export function subdomainStyle(config: Config, parameter: string): 'parent' | 'dot' {
  return config.parent_domain_matches_subdomains.includes(parameter) ? 'parent' : 'dot'
}
