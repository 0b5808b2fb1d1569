import { graphql } from './graphql.ts'

/** What the console reads of a refusal, of whatever type. */
export const userErrorFields = graphql(`
  fragment UserErrorFields on UserError {
    code
    message
    ... on InputValidationError {
      issues {
        path
        message
      }
    }
  }
`)

/** A refusal that came as the result of a change. */
export interface UserError {
  readonly code: string
  readonly message: string
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[]
}

/** What is wrong with a part of the input; undefined if nothing is. */
export function issueAt(error: UserError | null, ...path: readonly string[]): string | undefined {
  if (error?.code === 'NAME_TAKEN' && path.join() === 'name') return error.message
  return error?.issues?.find((issue) => path.every((part, index) => issue.path[index] === part))?.message
}
