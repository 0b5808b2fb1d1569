import { graphql } from '../../../api/graphql.ts'
import { type Change, useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import type { BulkAction, SelectedKey } from './selected-keys.ts'

const rotateUserKeyBatch = graphql(
  `
    mutation RotateUserKeyBatch($input: RotateUserKeyBatchInput!) {
      rotateUserKeyBatch(input: $input) {
        ... on RotateUserKeyBatchPayload {
          results {
            reference
            result {
              __typename
              ...UserErrorFields
            }
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const deactivateKeyVersionBatch = graphql(
  `
    mutation DeactivateKeyVersionBatch($input: DeactivateKeyVersionBatchInput!) {
      deactivateKeyVersionBatch(input: $input) {
        ... on DeactivateKeyVersionBatchPayload {
          results {
            reference
            result {
              __typename
              ...UserErrorFields
            }
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const destroyKeyVersionBatch = graphql(
  `
    mutation DestroyKeyVersionBatch($input: DestroyKeyVersionBatchInput!) {
      destroyKeyVersionBatch(input: $input) {
        ... on DestroyKeyVersionBatchPayload {
          results {
            reference
            result {
              __typename
              ...UserErrorFields
            }
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const labelUserKeyBatch = graphql(
  `
    mutation LabelUserKeyBatch($input: LabelUserKeyBatchInput!) {
      labelUserKeyBatch(input: $input) {
        ... on LabelUserKeyBatchPayload {
          results {
            reference
            result {
              __typename
              ...UserErrorFields
            }
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** What the user decides about a change, beside the keys. */
export interface BulkChoice {
  readonly waitingPeriodDays: number
  readonly set: readonly { readonly name: string; readonly value: string }[]
  readonly remove: readonly string[]
}

/** How the change of one key went: the refusal is null if it was made. */
export interface BulkOutcome {
  readonly id: string
  readonly name: string
  readonly refusal: string | null
}

interface BulkPayload {
  readonly results: readonly {
    readonly reference: string | null
    readonly result: { readonly __typename: string; readonly message?: string } | null
  }[]
}

/** Changes many keys in one request; each is refused or changed by itself. */
export function useBulkChange(
  action: BulkAction,
  failed: string,
): Pick<Change<object, unknown>, 'refusal' | 'isRunning'> & {
  run(keys: readonly SelectedKey[], choice: BulkChoice): Promise<readonly BulkOutcome[] | null>
} {
  const rotate = useChange(rotateUserKeyBatch)
  const deactivate = useChange(deactivateKeyVersionBatch)
  const destroy = useChange(destroyKeyVersionBatch)
  const label = useChange(labelUserKeyBatch)
  const { refusal, isRunning } = { rotate, deactivate, destroy, label }[action]

  async function send(keys: readonly SelectedKey[], choice: BulkChoice): Promise<BulkPayload | null> {
    const { waitingPeriodDays, set, remove } = choice
    const versions = keys.flatMap(({ id, revision, defaultVersion }) =>
      defaultVersion === null
        ? []
        : [{ reference: id, version: { id: defaultVersion.id }, expectedRevision: revision }],
    )
    switch (action) {
      case 'rotate':
        return rotate.run({
          items: keys.map(({ id, defaultVersion }) => ({
            reference: id,
            key: id,
            expectedDefaultVersionNumber: defaultVersion?.number ?? null,
          })),
        })
      case 'deactivate':
        return deactivate.run({ items: versions })
      case 'destroy':
        return destroy.run({ items: versions.map((item) => ({ ...item, waitingPeriodDays })) })
      case 'label':
        return label.run({
          items: keys.map(({ id }) => ({ reference: id, key: id, set: [...set], remove: [...remove] })),
        })
    }
  }

  return {
    refusal,
    isRunning,
    async run(keys, choice) {
      const payload = await send(keys, choice)
      if (payload === null) return null
      const byId = new Map(payload.results.map(({ reference, result }) => [reference, result]))
      return keys.map(({ id, name }) => {
        const result = byId.get(id) ?? null
        return { id, name, refusal: result === null ? failed : (result.message ?? null) }
      })
    },
  }
}
