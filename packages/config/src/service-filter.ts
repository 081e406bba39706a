import { splitOutsideBraces } from './balanced.ts'

const SEPARATORS = ', \t\r\n'

/**
 * Whether `master_service_disable` skips a service (G-42). Elements are `type`, `name/type` or, as
 * it used to be, `name.type`; `!` negates. Cases do not matter, and the first match wins.
 *
 * @param value Expanded.
 */
export function serviceFilter(value: string): (name: string, type: string) => boolean {
  const elements = splitOutsideBraces(value.toLowerCase(), SEPARATORS).map((element) => {
    const pattern = element.replace(/^!+/, '')
    const isNegated = (element.length - pattern.length) % 2 === 1
    return { isNegated, pattern }
  })
  return (name, type) => {
    const [service, own] = [name.toLowerCase(), type.toLowerCase()]
    const texts = [own, `${service}/${own}`, `${service}.${own}`]
    const match = elements.find(({ pattern }) => texts.includes(pattern))
    return match !== undefined && !match.isNegated
  }
}
