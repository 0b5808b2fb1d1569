import { useState } from 'react'
import { useQuery } from 'urql'
import { Field } from '../components/field.tsx'
import { Refusal } from '../components/refusal.tsx'
import { ViewHeading } from '../components/view-heading.tsx'
import { graphql } from '../graphql/graphql.ts'
import { useChange } from '../graphql/use-change.ts'
import { issueAt, userErrorFields } from '../graphql/user-error.ts'
import { goTo, linkTo } from '../route.ts'
import { AccessFields } from './access-fields.tsx'
import { AlgorithmFields } from './algorithm-fields.tsx'
import { type AlgorithmInfo, keyAlgorithmsQuery } from './key-algorithms.ts'
import { createInput, type KeyDraft, newDraft } from './key-draft.ts'
import { RotationFields } from './rotation-fields.tsx'

const createUserKey = graphql(
  `
    mutation CreateUserKey($input: CreateUserKeyInput!) {
      createUserKey(input: $input) {
        ... on CreateUserKeyPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** The form for a user key, once the server has said which algorithms it offers. */
export function CreateKeyPage() {
  const [{ data }] = useQuery({ query: keyAlgorithmsQuery })
  const algorithms = data?.keyAlgorithms ?? []
  const [first] = algorithms
  const [usage] = first?.usages ?? []
  return (
    <>
      <ViewHeading>Create a user key</ViewHeading>
      {first && usage && <CreateKeyForm algorithms={algorithms} initial={newDraft(usage, first)} />}
    </>
  )
}

function CreateKeyForm(props: { readonly algorithms: readonly AlgorithmInfo[]; readonly initial: KeyDraft }) {
  const [draft, setDraft] = useState(props.initial)
  const change = (part: Partial<KeyDraft>) => setDraft({ ...draft, ...part })
  const { run, refusal, isRunning } = useChange(createUserKey)

  async function create() {
    const payload = await run(createInput(draft))
    if (payload) goTo('user-keys', payload.userKey.id)
  }

  return (
    <form
      className="card form"
      onSubmit={(event) => {
        event.preventDefault()
        void create()
      }}
    >
      <Field
        label="Name"
        hint="1 to 64 letters, digits, - or _, with a lowercase letter or a digit first."
        error={issueAt(refusal, 'name')}
      >
        {(control) => (
          <input
            {...control}
            required
            autoComplete="off"
            value={draft.name}
            onChange={({ target }) => change({ name: target.value })}
          />
        )}
      </Field>
      <Field label="Description" error={issueAt(refusal, 'description')}>
        {(control) => (
          <input
            {...control}
            maxLength={256}
            value={draft.description}
            onChange={({ target }) => change({ description: target.value })}
          />
        )}
      </Field>
      <AlgorithmFields algorithms={props.algorithms} draft={draft} refusal={refusal} onChange={change} />
      {draft.origin === 'KEYSTEAD' && (
        <RotationFields draft={draft} error={issueAt(refusal, 'automaticRotation')} onChange={change} />
      )}
      <AccessFields draft={draft} error={issueAt(refusal, 'accessControl')} onChange={change} />
      <Refusal error={refusal} />
      <div className="row">
        <button type="submit" className="primary" disabled={isRunning}>
          Create key
        </button>
        <a className="button" href={linkTo('user-keys')}>
          Cancel
        </a>
      </div>
    </form>
  )
}
