import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { trustedDocuments } from './build/documents.ts'
import { servedFiles } from './build/served-files.ts'
import { compiledTexts } from './build/texts.ts'

// Host and Origin go on as the browser sent them. In development mode the server compares the two, so that pages of
// other origins are refused behind this proxy as they are without it.
const keystead = { target: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600', changeOrigin: false }

export default defineConfig({
  plugins: [react(), compiledTexts(), trustedDocuments(join(import.meta.dirname, 'src')), servedFiles()],
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
    // Browsers without module preloading load the same files a little later.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few files: what is compressed together is smaller, and the pages share most of what they need.
        codeSplitting: {
          groups: [
            { name: 'charts', test: /node_modules\/uplot/ },
            { name: 'libraries', test: /node_modules/ },
            { name: 'pages', test: /src\/(pages|keys)\// },
          ],
        },
      },
    },
  },
})
