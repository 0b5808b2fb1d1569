import { composeServices } from '@theguild/federation-composition'
import { parse } from 'graphql'

/** Makes a supergraph of subgraphs, each with its address and its schema. */
export function composeSupergraph(subgraphs: readonly { name: string; url: string; sdl: string }[]): string {
  const { supergraphSdl, errors } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  )
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'))
  return supergraphSdl
}
