import { AgeTable } from '@posthouse/qshape'

const table = new AgeTable({
  bucketCount: 4,
  bucketMinutes: 5,
  isLinear: false,
  width: 48,
  minSubdomains: 2,
})
for (const [domain, ageMinutes] of [
  ['example.com', 3],
  ['example.com', 12],
  ['mx1.example.net', 700],
  ['mx2.example.net', 2],
] as const) {
  table.add(domain, ageMinutes)
}
console.log(table.format())
