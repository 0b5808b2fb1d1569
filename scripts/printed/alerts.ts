import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PrintedFile } from './printed-file.ts'

const source = 'packaging/prometheus/alerts.yaml'

const head = `# Made from ${source} by \`npm run print\`; do not edit. For the Prometheus Operator.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: keystead
  labels: { app.kubernetes.io/name: keystead }
spec:
`

/** The alerts as a resource of the Prometheus Operator. */
export const alertResource: PrintedFile = {
  path: 'packaging/kubernetes/alerts.yaml',
  source,
  print() {
    const lines = readFileSync(join(import.meta.dirname, '../..', source), 'utf8').split('\n')
    const rules = lines.filter((line) => line !== '' && !line.startsWith('#'))
    return `${head}${rules.map((line) => `  ${line}\n`).join('')}`
  },
}
