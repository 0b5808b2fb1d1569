// What Keystead is compared with: graphql-yoga with nothing but a schema and its defaults, which answers with constants.
// Says where it is as `server-process.ts` does, and stops when its input ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSchema, createYoga } from 'graphql-yoga'

// As long as the ciphertext of 256 bytes.
const ciphertext = 'A'.repeat(420)
const yoga = createYoga({
  schema: createSchema({
    typeDefs: `
      type Query { constant: String! }
      type Mutation { encrypt(input: EncryptInput!): EncryptResult! }
      input EncryptInput { key: ID! plaintext: String! }
      union EncryptResult = EncryptPayload
      type EncryptPayload { ciphertext: String! }`,
    resolvers: {
      Query: { constant: () => 'constant' },
      Mutation: { encrypt: () => ({ __typename: 'EncryptPayload', ciphertext }) },
    },
  }),
})
const server = createServer(yoga)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, token: 'none' }))
process.stdin.resume()
await once(process.stdin, 'end')
server.closeAllConnections()
server.close()
