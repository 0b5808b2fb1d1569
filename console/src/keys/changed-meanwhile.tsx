import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import type { UserError } from '../api/user-error.ts'
import { Notice } from '../design/notice.tsx'
import { useValueText } from '../texts/values.ts'

/** What a dialog compares of a key, as far as its page knows it. */
export interface ComparedKey {
  readonly id: string
  readonly revision: number | null
  readonly name: string
  readonly description?: string
  readonly status?: EnumOf<'KeyStatus'> | null
  readonly defaultVersion?: { readonly number: number } | null
  readonly labels?: readonly { readonly name: string; readonly value: string }[] | null
  readonly aliases?: readonly string[] | null
  readonly decryptableInGraph?: boolean | null
  readonly automaticRotation?: { readonly enabled: boolean; readonly cycleDays: number } | null
  readonly owner?: { readonly id: string } | null
  readonly accessControlEnabled?: boolean
  readonly accessList?: readonly { readonly subject: { readonly id: string } }[] | null
}

/** A key as it was when a dialog was opened, and what others have changed since. */
export interface KeyAsOpened<Key> {
  /** The key on which the change is based. */
  readonly seen: Key
  /** Which key to change, for the input: the server refuses what the user has not seen. */
  readonly asSeen: { readonly key: string; readonly expectedRevision: number | null }
  /** Says what others have changed since; null if they have not. */
  readonly changes: ReactNode
}

/**
 * For a dialog, as long as it is open. Its change is based on the key as it was then. If somebody else changes the key
 * meanwhile, the dialog shows how; the server refuses the first attempt, and the next one is based on what is shown by then.
 */
export function useKeyAsOpened<Key extends ComparedKey>(
  userKey: Key,
  refusal: UserError | null,
): KeyAsOpened<Key> {
  const [opened] = useState(userKey)
  const [hasConflicted, setConflicted] = useState(false)
  const isConflict = refusal?.code === 'CONFLICT'
  if (isConflict && !hasConflicted) setConflicted(true)
  const seen = hasConflicted || isConflict ? userKey : opened
  const isChanged = userKey.revision !== opened.revision
  return {
    seen,
    asSeen: { key: userKey.id, expectedRevision: seen.revision },
    changes: isChanged && <ChangedMeanwhile before={opened} now={userKey} />,
  }
}

function ChangedMeanwhile({ before, now }: { readonly before: ComparedKey; readonly now: ComparedKey }) {
  const t = useTranslations('danger')
  const textsBefore = useComparedTexts(before)
  const textsNow = useComparedTexts(now)
  const none = t('nothing')
  const changed = [...textsNow].filter(([name, text]) => textsBefore.get(name) !== text)
  return (
    <Notice tone="waiting">
      <p>
        <strong>{t('changedMeanwhile')}</strong>
      </p>
      {changed.length === 0 ? (
        <p>{t('changedElsewhere')}</p>
      ) : (
        <ul>
          {changed.map(([name, text]) => (
            <li key={name}>
              {t('changedFromTo', { name, from: textsBefore.get(name) || none, to: text || none })}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  )
}

function useComparedTexts(key: ComparedKey): ReadonlyMap<string, string> {
  const t = useTranslations('danger')
  const common = useTranslations('common')
  const valueText = useValueText()
  const { automaticRotation: rotation } = key
  const onOff = (isOn: boolean | null | undefined) => (isOn ? common('on') : common('off'))
  return new Map([
    [t('facts.name'), key.name],
    [t('facts.description'), key.description ?? ''],
    [t('facts.status'), key.status ? valueText('KeyStatus', key.status) : ''],
    [t('facts.defaultVersion'), String(key.defaultVersion?.number ?? '')],
    [t('facts.labels'), (key.labels ?? []).map(({ name, value }) => `${name}: ${value}`).join(', ')],
    [t('facts.aliases'), (key.aliases ?? []).join(', ')],
    [t('facts.decryptableInGraph'), onOff(key.decryptableInGraph)],
    [
      t('facts.rotation'),
      rotation?.enabled ? common('days', { count: rotation.cycleDays }) : common('notInUse'),
    ],
    [t('facts.owner'), key.owner?.id ?? ''],
    [t('facts.accessControl'), onOff(key.accessControlEnabled)],
    [t('facts.accessList'), (key.accessList ?? []).map(({ subject }) => subject.id).join(', ')],
  ])
}
