import { createLocalJWKSet, type JSONWebKeySet } from 'jose'

/**
 * Parses a JWK Set (RFC 7517 §5). SPIFFE marks the keys of its tokens with the use "jwt-svid", which is a signature.
 *
 * @throws if the text is no JWK Set
 */
export function parseKeySet(text: string): JSONWebKeySet {
  const set = JSON.parse(text) as JSONWebKeySet
  createLocalJWKSet(set)
  return { ...set, keys: set.keys.map((key) => (key.use === 'jwt-svid' ? { ...key, use: 'sig' } : key)) }
}
