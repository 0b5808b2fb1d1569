import { type Persona, personas } from '../graphql/personas.ts'
import { useViewer } from '../graphql/use-viewer.ts'
import { linkTo, type PageName } from '../route.ts'

const pages: readonly { name: PageName; title: string }[] = [
  { name: 'user-keys', title: 'User keys' },
  { name: 'service-keys', title: 'Service keys' },
]

/** The pages, and who one is. */
export function Header(props: {
  readonly page: PageName
  readonly persona: Persona
  readonly onPersona: (persona: Persona) => void
}) {
  const viewer = useViewer()
  return (
    <header className="app-header">
      <span className="brand">Keystead</span>
      <nav aria-label="Pages">
        {pages.map(({ name, title }) => (
          <a key={name} href={linkTo(name)} aria-current={name === props.page ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div className="persona">
        <label htmlFor="persona">Persona</label>
        <select
          id="persona"
          value={props.persona}
          onChange={({ target }) => props.onPersona(target.value as Persona)}
        >
          {personas.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        {viewer && (
          <span className="quiet">
            <code>{viewer.subject.id}</code> in project <code>{viewer.projectId}</code>
          </span>
        )}
      </div>
    </header>
  )
}
