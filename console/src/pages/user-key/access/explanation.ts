import { graphql, type ResultOf } from '../../../api/graphql.ts'

/** What is shown of an explanation of access. */
export const accessExplanationFields = graphql(`
  fragment AccessExplanationFields on AccessExplanation {
    allowed
    visibility
    grantedBy {
      kind
      subject {
        id
      }
      roles
      message
    }
    missing {
      kind
      subject {
        id
      }
      roles
      message
    }
  }
`)

/** Why somebody may do something, or may not. */
export type Explanation = ResultOf<typeof accessExplanationFields>

/** A reason for access, or a missing one. */
export type Reason = Explanation['grantedBy'][number]
