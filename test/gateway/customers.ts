/** A row of the subgraph, with an address that is stored encrypted. */
export interface Customer {
  readonly id: string
  readonly name: string
  /** What `encrypt` answered; null for a customer without an address. */
  readonly emailCiphertext: string | null
}

/** Resolvers of customers.graphql. No plaintext comes here: the gateway gets it from Keystead. */
export function customerResolvers(customers: readonly Customer[]) {
  return {
    Query: {
      customers: (_root: unknown, { first }: { first?: number | null }) => customers.slice(0, first ?? 20),
    },
    Customer: {
      email({ id, emailCiphertext: ciphertext }: Customer) {
        if (ciphertext === null) return null
        // Of the row itself: a ciphertext that was moved here from another row is not decrypted.
        const context = { customer: id, field: 'email' }
        return { __typename: 'EncryptedValue', ciphertext, context }
      },
    },
  }
}
