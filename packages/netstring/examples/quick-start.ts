import { encodeNetstring, NetstringDecoder, NetstringReader } from '@posthouse/netstring'

const decoder = new NetstringDecoder(1024)
for (const chunk of ['5:hel', 'lo,5:wor', 'ld,']) {
  for (const payload of decoder.push(Buffer.from(chunk))) {
    console.log(Buffer.from(payload).toString())
  }
}
decoder.end()

console.log(encodeNetstring(Buffer.from('hello')).toString())

// Nested, and as lax as Postfix: `005` and `:,` are lengths too.
const reader = new NetstringReader()
reader.push(Buffer.from('11:005:inner,:,,'))
console.log(reader.readLength(1024))
console.log(Buffer.from(reader.read(1024) ?? []).toString())
console.log(reader.read(1024)?.length)
console.log(reader.readComma())
