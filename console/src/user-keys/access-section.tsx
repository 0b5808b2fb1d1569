import { Section } from '../components/section.tsx'
import { AccessList } from './access-list.tsx'
import type { DetailKey } from './detail-key.ts'
import { DisableAccessControl } from './disable-access-control.tsx'
import { SubjectsForm } from './subjects-form.tsx'

/** Who has access to the key; those who manage it can change that. */
export function AccessSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const isOn = userKey.accessControlEnabled
  return (
    <Section title="Access control">
      <p>
        {isOn
          ? `On: only the owner, ${userKey.owner?.id}, and these subjects have access, as far as their roles go.`
          : 'Off: everybody has access whose roles give it.'}
      </p>
      {isOn && <AccessList userKey={userKey} manages={manages} />}
      {manages && <SubjectsForm key={String(isOn)} userKey={userKey} />}
      {manages && isOn && <DisableAccessControl userKey={userKey} />}
    </Section>
  )
}
