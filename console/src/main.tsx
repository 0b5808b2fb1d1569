import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { openSession } from './session/open-session.ts'
import { App } from './shell/app.tsx'
import { applyTheme } from './shell/preferences.tsx'
import { loadTexts, TextsProvider } from './texts/languages.tsx'
import './design/styles/tokens.css'
import './design/styles/base.css'
import './design/styles/shell.css'
import './design/styles/controls.css'
import './design/styles/tables.css'
import './design/styles/lists.css'
import './design/styles/overlays.css'
import './design/styles/pickers.css'
import './design/styles/content.css'
import './design/styles/arrangement.css'
import './design/styles/keys.css'
import './design/styles/charts.css'
import './design/styles/dashboard.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the ID "root".')
applyTheme()
const [session, texts] = await Promise.all([openSession(), loadTexts()])
createRoot(root).render(
  <StrictMode>
    <TextsProvider initial={texts}>
      <App session={session} />
    </TextsProvider>
  </StrictMode>,
)
