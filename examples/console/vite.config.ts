import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Host and Origin go on as the browser sent them. In development mode the server compares the two, so that pages of
// other origins are refused behind this proxy as they are without it.
const keystead = { target: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600', changeOrigin: false }
const proxy = { '/graphql': keystead, '/dev/tokens': keystead }

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
})
