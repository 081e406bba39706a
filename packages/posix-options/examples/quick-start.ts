import { parseOptions } from '@posthouse/posix-options'

const { options, operands } = parseOptions(['-vd', 'A1', '-d', 'B2', 'deferred'], 'd:v')
for (const { name, argument } of options) console.log(name, argument)
console.log(operands)

try {
  parseOptions(['-x'], 'd:v')
} catch (error) {
  console.log(String(error))
}
