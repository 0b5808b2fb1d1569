import { SelectField } from '../components/select-field.tsx'
import { issueAt, type UserError } from '../graphql/user-error.ts'
import { originName, sentence, usageName } from '../words.ts'
import type { AlgorithmInfo } from './key-algorithms.ts'
import type { KeyDraft } from './key-draft.ts'

/** The choices among what the server offers: each narrows the next, and takes the first that fits. */
export function AlgorithmFields(props: {
  readonly algorithms: readonly AlgorithmInfo[]
  readonly draft: KeyDraft
  readonly refusal: UserError | null
  readonly onChange: (part: Partial<KeyDraft>) => void
}) {
  const { algorithms, draft, refusal, onChange } = props
  const usages = [...new Set(algorithms.flatMap((info) => info.usages))]
  const forUsage = algorithms.filter((info) => info.usages.includes(draft.usage))
  const types = [...new Set(forUsage.map((info) => info.type))]
  const forType = forUsage.filter((info) => info.type === draft.algorithm.type)
  const choose = (usage: KeyDraft['usage'], algorithm: AlgorithmInfo | undefined) =>
    algorithm && onChange({ usage, algorithm })

  return (
    <>
      <SelectField
        label="Usage"
        error={issueAt(refusal, 'usage')}
        value={draft.usage}
        options={usages.map((value) => ({ value, label: usageName(value) }))}
        onChange={(usage) =>
          choose(
            usage,
            algorithms.find((info) => info.usages.includes(usage)),
          )
        }
      />
      <SelectField
        label="Type"
        error={issueAt(refusal, 'type')}
        value={draft.algorithm.type}
        options={types.map((value) => ({ value, label: sentence(value) }))}
        onChange={(type) =>
          choose(
            draft.usage,
            forUsage.find((info) => info.type === type),
          )
        }
      />
      <SelectField
        label="Algorithm"
        hint={draft.algorithm.description}
        error={issueAt(refusal, 'algorithm')}
        value={draft.algorithm.algorithm}
        options={forType.map(({ algorithm, displayName }) => ({ value: algorithm, label: displayName }))}
        onChange={(value) =>
          choose(
            draft.usage,
            forType.find((info) => info.algorithm === value),
          )
        }
      />
      <SelectField
        label="Origin"
        hint={
          draft.origin === 'EXTERNAL'
            ? 'The key starts without a version and waits for its material (docs/import.md).'
            : undefined
        }
        error={issueAt(refusal, 'origin')}
        value={draft.origin}
        options={(['KEYSTEAD', 'EXTERNAL'] as const).map((value) => ({ value, label: originName(value) }))}
        onChange={(origin) => onChange({ origin })}
      />
    </>
  )
}
