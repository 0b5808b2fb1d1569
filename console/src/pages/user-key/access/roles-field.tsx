import type { EnumOf } from '../../../api/graphql.ts'
import { CheckField } from '../../../design/fields.tsx'
import { roles } from '../../../keys/roles.ts'
import { useValueText } from '../../../texts/values.ts'

type Role = EnumOf<'Role'>

/** Several roles. */
export function RolesField(props: {
  readonly label: string
  readonly value: readonly Role[]
  readonly onChange: (value: readonly Role[]) => void
}) {
  const valueText = useValueText()
  const { label, value, onChange } = props
  return (
    <fieldset>
      <legend>{label}</legend>
      <div className="checks">
        {roles.map((role) => (
          <CheckField
            key={role}
            label={valueText('Role', role)}
            checked={value.includes(role)}
            onChange={(checked) =>
              onChange(checked ? [...value, role] : value.filter((each) => each !== role))
            }
          />
        ))}
      </div>
    </fieldset>
  )
}
