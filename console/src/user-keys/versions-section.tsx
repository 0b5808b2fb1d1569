import { useState } from 'react'
import { Section } from '../components/section.tsx'
import { VersionsTable } from '../versions/versions-table.tsx'
import { DestroyForm } from './destroy-form.tsx'
import type { DetailKey } from './detail-key.ts'
import { VersionActions } from './version-actions.tsx'

/** The versions of a user key; those who manage it can change their states. */
export function VersionsSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const [destroying, setDestroying] = useState<string | null>(null)
  return (
    <Section title="Versions">
      {manages && (
        <p className="quiet">
          Deactivating a version blocks decryption too, and can be undone. Destroying it cannot, once the
          waiting period is over.
        </p>
      )}
      <VersionsTable
        keyId={userKey.id}
        actionsFor={
          manages
            ? (version, shownKey) =>
                version.id === destroying && version.versionStatus === 'DEACTIVATED' ? (
                  <DestroyForm shownKey={shownKey} version={version} onClose={() => setDestroying(null)} />
                ) : (
                  <VersionActions
                    shownKey={shownKey}
                    version={version}
                    onDestroy={() => setDestroying(version.id)}
                  />
                )
            : undefined
        }
      />
    </Section>
  )
}
