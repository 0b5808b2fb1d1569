import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { bundledParts } from './build/bundled-parts.ts'
import { trustedDocuments } from './build/documents.ts'
import { minified } from './build/minified.ts'
import { servedFiles } from './build/served-files.ts'
import { compiledTexts } from './build/texts.ts'

// Host and Origin go on as the browser sent them. In development mode the server compares the two, so that pages of
// other origins are refused behind this proxy as they are without it.
const keystead = { target: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600', changeOrigin: false }

const sources = join(import.meta.dirname, 'src')

export default defineConfig({
  plugins: [
    react(),
    compiledTexts(join(sources, 'texts')),
    trustedDocuments(sources),
    bundledParts(),
    minified(),
    servedFiles(),
  ],
  // The part of the library that formats compiled texts.
  resolve: {
    alias: [{ find: /^use-intl\/format-message$/, replacement: 'use-intl/format-message/format-only' }],
  },
  server: {
    proxy: {
      '/graphql': keystead,
      '/dev/tokens': keystead,
      '/console/settings.json': keystead,
      '/console/session': keystead,
    },
  },
  build: {
    // The policy of the page allows no inline content; `data:` is for images alone.
    assetsInlineLimit: 0,
    // The page begins with one file, and those that come later need no other.
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      treeshake: { unknownGlobalSideEffects: false },
      output: {
        // Few files: what is compressed together is smaller, and the pages share most of what they need.
        codeSplitting: {
          groups: [
            { name: 'charts', test: /node_modules\/uplot\/.*\.js|design\/chart-canvas/ },
            { name: 'console', test: /^(?!.*(virtual:texts\/..$|uplot\/.*\.js|design\/chart-canvas))/ },
          ],
        },
      },
    },
  },
})
