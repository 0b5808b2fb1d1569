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
    ... on OtherError {
      codeText
    }
  }
`)

/** A refusal that came as the result of a change. */
export interface UserError {
  readonly code: string
  readonly message: string
  /** Which of the later kinds, where `code` tells no more than that it is one. */
  readonly codeText?: string
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[]
}

/** Messages of a refusal by the name of the field they belong to: the path joined with dots; an empty name if they belong to none. */
export function messagesByField(error: UserError | null): Readonly<Record<string, string>> {
  if (error === null) return {}
  if (error.code === 'NAME_TAKEN') return { name: error.message }
  const { issues = [] } = error
  if (issues.length === 0) return { '': error.message }
  return Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message]))
}
