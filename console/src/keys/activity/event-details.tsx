import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { CopyText, Facts } from '../../design/facts.tsx'
import { LabelList } from '../badges.tsx'
import type { ActivityEvent } from './events.ts'
import { anew } from './filter.ts'

/** Everything about an event that its row does not say. */
export function EventDetails(props: { readonly event: ActivityEvent; readonly ofOneKey: boolean }) {
  const t = useTranslations('activity')
  const address = useAddress()
  const { event } = props
  const { id, keyId, requestId, tokenId, clientAddress, keyRevision, sourceContext, actor } = event
  const copied = (name: string, text: string | null) =>
    text === null ? null : ([name, <CopyText key={name} text={text} what={name} />] as const)
  return (
    <div className="stack">
      <Facts
        facts={[
          copied(t('event'), id),
          copied(t('request'), requestId),
          copied(t('token'), tokenId),
          copied(t('keyId'), keyId),
          clientAddress === null ? null : [t('address'), clientAddress],
          keyRevision === null ? null : [t('revision'), keyRevision],
          sourceContext.length === 0
            ? null
            : [t('sourceContext'), <LabelList key="source" labels={sourceContext} />],
          ...detailsOf(event).map(([name, value]) => [name, value] as const),
        ]}
      />
      <div className="buttons">
        <Button onClick={() => address.set({ actor: actor.id, ...anew })}>
          {t('onlyActor', { actor: actor.id })}
        </Button>
        {!props.ofOneKey && keyId !== null && (
          <Button onClick={() => address.set({ key: keyId, version: null, ...anew })}>
            {t('onlyKey', { key: event.keyName ?? keyId })}
          </Button>
        )}
      </div>
    </div>
  )
}

/** The further facts by their names, in their order; what is no text as JSON. */
function detailsOf({ details }: ActivityEvent): readonly (readonly [string, string])[] {
  if (typeof details !== 'object' || details === null) return []
  return Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
}
