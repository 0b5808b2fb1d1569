import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readConfig, settings } from '../../src/config.ts'
import { createMetrics } from '../../src/server/observe/metrics.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const alertsFile = 'packaging/prometheus/alerts.yaml'
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

// biome-ignore lint/suspicious/noExplicitAny: resources of every kind
type Resource = Record<string, any>

const kinds: Record<string, { readonly prototype: { validate(this: unknown): void } }> = {
  ConfigMap,
  Deployment,
  NetworkPolicy,
  PodDisruptionBudget,
  PrometheusRule,
  Service,
  ServiceAccount,
  ServiceMonitor,
}

const resources = globSync('packaging/kubernetes/*.yaml', { cwd: root }).flatMap((file) =>
  // YAML 1.1, as Kubernetes reads it: 0400 is octal.
  parseAllDocuments(read(file), { version: '1.1' }).map((document): [string, Resource] => {
    const resource: Resource = document.toJS()
    return [`${file} ${resource['kind']}`, resource]
  }),
)

function resourceOf(kind: string): Resource {
  const found = resources.find(([, resource]) => resource['kind'] === kind)
  if (found === undefined) throw new TypeError(`there is no ${kind}`)
  return found[1]
}

/** A copy of a value that notes the paths of members that nobody has read by name. The generated validators read all that they know. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copy = Array.isArray(value)
    ? value.map((each, index) => watched(each, `${path}/${index}`, unread))
    : Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, watched(each, `${path}/${name}`, unread)]),
      )
  if (Array.isArray(value)) return copy
  for (const name of Object.keys(value)) unread.add(`${path}/${name}`)
  return new Proxy(copy, {
    get(target, name) {
      unread.delete(`${path}/${String(name)}`)
      return Reflect.get(target, name)
    },
  })
}

/** Problems of a resource by the schemas of Kubernetes, with members that they do not know. */
function problemsOf(resource: Resource): string[] {
  const Kind = kinds[resource['kind']]
  if (Kind === undefined) return [`unknown kind ${resource['kind']}`]
  const unread = new Set<string>()
  try {
    // The constructor would copy what it is given.
    Kind.prototype.validate.call(watched(resource, '', unread))
  } catch (error) {
    return [(error as Error).message]
  }
  return [...unread].map((path) => `unknown: ${path}`)
}

describe('packaging/kubernetes', () => {
  it.each(resources)('%s is valid by the schemas of Kubernetes', (_name, resource) => {
    expect(problemsOf(resource)).toEqual([])
  })

  it('would be refused with a wrong type or a misspelt member', () => {
    const wrongType = structuredClone(resourceOf('Deployment'))
    wrongType['spec'].replicas = 'two'
    expect(problemsOf(wrongType).join()).toContain('spec/replicas must be integer')
    const misspelt = structuredClone(resourceOf('Deployment'))
    misspelt['spec'].template.spec.containers[0].livenessProb = {}
    expect(problemsOf(misspelt)).toEqual(['unknown: /spec/template/spec/containers/0/livenessProb'])
  })

  it('has settings that a server starts with', () => {
    const { data } = resourceOf('ConfigMap') as { data: Record<string, string> }
    for (const name of Object.keys(data)) expect(Object.keys(settings)).toContain(name)
    const environment = { ...data, NODE_ENV: 'production', DATABASE_URL: 'postgresql://keystead@db/keystead' }
    const config = readConfig(environment)
    const [container] = resourceOf('Deployment')['spec'].template.spec.containers
    const ports = container.ports.map(({ containerPort }: { containerPort: number }) => containerPort)
    expect(ports).toEqual([config.PORT, config.METRICS_PORT])
    expect(config.ROOT_KEY_FILE).toContain(`${container.volumeMounts[0].mountPath}/`)
  })

  it('finds pods by their labels and ports by their names', () => {
    const { template, selector } = resourceOf('Deployment')['spec']
    for (const [, { kind, spec }] of resources) {
      const labels = { Service: spec?.selector, PodDisruptionBudget: spec?.selector?.matchLabels }[
        String(kind)
      ]
      if (labels !== undefined) expect(template.metadata.labels, kind).toMatchObject(labels)
    }
    expect(selector.matchLabels).toEqual(template.metadata.labels)
    const names = template.spec.containers[0].ports.map(({ name }: { name: string }) => name)
    for (const { targetPort } of resourceOf('Service')['spec'].ports) expect(names).toContain(targetPort)
    for (const { port } of resourceOf('ServiceMonitor')['spec'].endpoints) expect(names).toContain(port)
  })

  it('waits for the end longer than the server, and for health checks longer than they take', () => {
    const { spec } = resourceOf('Deployment')['spec'].template
    const shutdownMs = settings.SHUTDOWN_TIMEOUT_MS.parse(settings.SHUTDOWN_TIMEOUT_MS.default)
    const [{ lifecycle, readinessProbe }] = spec.containers
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(
      lifecycle.preStop.sleep.seconds + shutdownMs / 1000 + 5,
    )
    expect(readinessProbe.timeoutSeconds).toBeGreaterThan(10)
  })

  it('mounts secrets so that the server accepts their modes', () => {
    const { volumes } = resourceOf('Deployment')['spec'].template.spec
    for (const { secret } of volumes) expect(secret.defaultMode).toBe(0o400)
  })
})

describe('what asks for metrics', () => {
  const metrics = createMetrics()
  const registered = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name))
  metrics.close()
  const watchedLater = [
    'build_info',
    'requests_under_way',
    'requests_waiting',
    'key_cache_keys',
    'database_healthy',
    'root_key_healthy',
  ]
  for (const name of watchedLater) registered.add(`keystead_${name}`)
  /** Names of metrics in an expression that are none of ours. */
  const unknownIn = (expression: string) =>
    (expression.match(/\b(?:keystead|process|nodejs)_\w+/g) ?? []).filter(
      (name) => !registered.has(name.replace(/_(bucket|sum|count)$/, '')),
    )
  const rules: { alert: string; expr: string; annotations: { runbook: string } }[] = parse(read(alertsFile))
    .groups[0].rules

  it('is alerts with metrics that there are, each once and with an entry of the runbook', () => {
    expect(rules.length).toBe(22)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    const headings = [...read('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(rules.map(({ alert }) => alert))
    for (const { alert, expr, annotations } of rules) {
      expect(unknownIn(expr), alert).toEqual([])
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    }
    expect(unknownIn('rate(keystead_nonsense_total[5m])')).toEqual(['keystead_nonsense_total'])
  })

  it('is a runbook whose situations are each brought about by a test', () => {
    const sections = read('docs/runbook.md').split(/^## /m).slice(1)
    for (const section of sections) {
      const [, file = '', words = ''] = /^\*\*Shown by\*\* `(test\/\S+)` \(([^)]+)\)\.$/m.exec(section) ?? []
      expect(read(file), section).toContain(words)
      for (const part of ['Means', 'Look', 'Do']) expect(section).toContain(`\n**${part}.** `)
    }
  })

  it.skipIf(!hasPromtool)('is alerts that Prometheus understands', () => {
    const { status, stderr } = spawnSync('promtool', ['check', 'rules', join(root, alertsFile)], {
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it.skipIf(!hasPromtool)('is alerts that each fire in their situation, and not where all is well', () => {
    const file = join(import.meta.dirname, 'alerts.promtool.yaml')
    const tried = [...readFileSync(file, 'utf8').matchAll(/^ {2}- name: (Keystead\w+)$/gm)].map(
      ([, name]) => name,
    )
    expect(tried).toEqual(rules.map(({ alert }) => alert))
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
  })

  it('is a dashboard with metrics that there are, whose panels do not overlap', () => {
    const { panels } = JSON.parse(read('packaging/grafana/keystead.json')) as {
      panels: {
        id: number
        title: string
        gridPos: { x: number; y: number; w: number; h: number }
        targets: { expr: string }[]
      }[]
    }
    const shown = new Set<string>()
    const taken = new Set<string>()
    for (const { title, gridPos, targets } of panels) {
      for (const { expr } of targets) {
        expect(unknownIn(expr), title).toEqual([])
        for (const name of expr.match(/\b(?:keystead|process|nodejs)_\w+/g) ?? []) {
          shown.add(name.replace(/_(bucket|sum|count)$/, ''))
        }
      }
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken, title).not.toContain(`${x} ${y}`)
          taken.add(`${x} ${y}`)
          expect(x).toBeLessThan(24)
        }
      }
    }
    expect([...registered].filter((name) => !shown.has(name))).toEqual([])
  })
})
