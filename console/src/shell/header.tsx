import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Link, useLocation } from 'wouter'
import { useViewer } from '../api/viewer.ts'
import { AccountMenu } from './account-menu.tsx'
import { Preferences } from './preferences.tsx'
import { navigation } from './routes.tsx'

/** The name of the product, who one is, and the pages: beside the content, or behind a button where there is no room. */
export function Header() {
  const t = useTranslations('app')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <header className="top">
        <button
          type="button"
          className="button menu-button"
          aria-expanded={isOpen}
          aria-controls="pages"
          onClick={() => setOpen(!isOpen)}
        >
          {t('menu')}
        </button>
        <Link href="/" className="brand">
          <Mark /> {t('name')}
        </Link>
        <div className="top-end">
          <AccountMenu />
        </div>
      </header>
      <Pages isOpen={isOpen} onChoice={() => setOpen(false)} />
    </>
  )
}

function Pages(props: { readonly isOpen: boolean; readonly onChoice: () => void }) {
  const t = useTranslations('nav')
  const app = useTranslations('app')
  const viewer = useViewer()
  const [location] = useLocation()
  return (
    <nav id="pages" className="pages" data-open={props.isOpen || undefined} aria-label={app('pages')}>
      <ul>
        {navigation
          .filter(({ permission }) => permission === undefined || viewer?.permissions.includes(permission))
          .map(({ path, name }) => (
            <li key={path}>
              <Link
                href={path}
                onClick={props.onChoice}
                aria-current={isAt(location, path) ? 'page' : undefined}
              >
                {t(name)}
              </Link>
            </li>
          ))}
      </ul>
      <div className="pages-end">
        {viewer && (
          <p className="quiet">
            {app('project')} <code>{viewer.projectId}</code>
          </p>
        )}
        <Preferences />
        <a className="quiet" href="/graphql">
          {app('documentation')}
        </a>
      </div>
    </nav>
  )
}

const isAt = (location: string, path: string) =>
  path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`)

/** The mark of the product: a keystone. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M5 3h14l-3.2 18H8.2z" />
      <circle cx="12" cy="10" r="2.2" />
      <path d="M11.2 11h1.6l.7 5h-3z" />
    </svg>
  )
}
