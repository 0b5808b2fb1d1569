import { Facts } from '../components/facts.tsx'
import { NoAccess } from '../components/no-access.tsx'
import { Rotation } from '../components/rotation.tsx'
import { Section } from '../components/section.tsx'
import { algorithmName, formatMoment, originName, sentence, usageName } from '../words.ts'
import type { DetailKey } from './detail-key.ts'

/** What the key is; of a redacted key, what everybody in the project sees. */
export function OverviewSection({ userKey }: { readonly userKey: DetailKey }) {
  const { type, usage, algorithm, origin, automaticRotation } = userKey
  const hidden = [
    ['Usage', usage && usageName(usage)],
    ['Type', type && sentence(type)],
    ['Algorithm', algorithm && algorithmName(algorithm)],
    ['Origin', origin && originName(origin)],
    ['Default version', userKey.defaultVersion?.number ?? 'None'],
    [
      'Automatic rotation',
      automaticRotation && <Rotation rotation={automaticRotation} nextAt={userKey.nextRotationAt} />,
    ],
    ['Last rotated', formatMoment(userKey.lastRotatedAt)],
    ['Owner', userKey.owner?.id],
    ['Updated', formatMoment(userKey.updatedAt)],
  ] as const
  return (
    <Section title="Overview">
      <Facts
        facts={[
          // The ID of a redacted key stands in for its real one, which its short form belongs to.
          ['ID', <code key="id">{userKey.viewerCanAccess ? userKey.id : userKey.partialId}</code>],
          ['Created', formatMoment(userKey.createdAt)],
          ['Creator', userKey.createdBy.id],
          ['Access control', userKey.accessControlEnabled ? 'On' : 'Off'],
          ...(userKey.viewerCanAccess ? hidden : ([['Details', <NoAccess key="none" />]] as const)),
        ]}
      />
    </Section>
  )
}
