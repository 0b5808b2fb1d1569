import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './styles/base.css'
import './styles/layout.css'
import './styles/forms.css'
import './styles/tables.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the ID "root".')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
