import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseId } from '../../src/ids.ts'
import { changeKey, withColumns } from '../../src/keys/changing/change-key.ts'
import { startAuditContext } from '../../src/keys/parts/request.ts'
import { canonicalSubject } from '../../src/keys/rules/caller.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import { canonicalSubject as canonicalInSql } from '../../src/store/subjects.ts'
import { openTrail } from '../audit/opened-trail.ts'
import { isListening, subscribeAs } from '../subscriptions/event-source.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const agentAs = (name: string): Person => ({ name, kind: 'SERVICE_AGENT', roles: ['KMS_MANAGER'] })
const one = 'service-agent:Secrets Manager'
const zeroWidth = 'user:al\u200bice'

async function createKey(client: Client, name: string, allowedSubjects: readonly string[]): Promise<string> {
  const input = { name, accessControl: { enabled: true, allowedSubjects } }
  return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
}

/** Writes an access list as a release did that knew no spellings. */
async function storeList(
  story: Story,
  keyId: string,
  columns: { owner?: string; allowedSubjects: string[] },
) {
  await story.stop()
  const { parts, close } = await openTrail(story)
  const where = { projectId: 'shop', id: parseId(keyId)?.uuid ?? '' }
  const actor = {
    projectId: where.projectId,
    subject: 'system:operator',
    tokenId: null,
    clientAddress: null,
    requestId: 'earlier',
  }
  await changeKey(parts, where, startAuditContext(actor, 'ADD_ALLOWED_SUBJECTS'), {
    decide: (key) => withColumns(key, columns),
    obtainMaterial: null,
  })
  await close()
  await story.restart()
}

const listOf = async (client: Client, name: string) =>
  (
    await client.ask<{ userKey: { allowedSubjects: { id: string }[] } }>(
      `{ userKey(key: "${name}") { allowedSubjects { id } } }`,
    )
  ).userKey.allowedSubjects.map(({ id }) => id)

describe.skipIf(hasNoDatabase())(
  'a service that spells its name in several ways',
  { timeout: 240_000 },
  () => {
    it('is one in access lists, in what it creates, in its history, in filters, cursors and streams', async () => {
      const story = await startStoryForTest()
      const admin = story.as(olga)
      const keyId = await createKey(admin, 'orders', [
        'service-agent:secrets manager',
        'service-agent:SECRETS MANAGER',
      ])
      expect(await listOf(admin, 'orders')).toEqual([one])
      for (const name of ['Secrets Manager', 'secrets manager', 'sEcReTs mAnAgEr']) {
        const agent = story.as(agentAs(name))
        expect(await agent.ask('{ viewer { subject { id } } userKeys { nodes { name } } }')).toEqual({
          viewer: { subject: { id: one } },
          userKeys: { nodes: [{ name: 'orders' }] },
        })
        expect(
          await agent.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'versionNumber'),
        ).toMatchObject({
          versionNumber: 1,
        })
      }
      await story.as(agentAs('secrets manager')).mutate('createUserKey', { name: 'made-by-agent' })
      expect(
        await story
          .as(agentAs('SECRETS MANAGER'))
          .mutate('updateUserKey', { key: await keyIdOf(story, 'made-by-agent'), description: 'mine' }),
      ).not.toHaveProperty('code')

      type Page = { nodes: { id: string }[]; totalCount: number; pageInfo: { endCursor: string } }
      const query = `query($actor: SubjectRef!, $after: String) { auditEvents(first: 2, after: $after,
      filter: { actor: $actor }) { totalCount nodes { id actor { id } } pageInfo { endCursor } } }`
      const ask = async (actor: string, after: string | null = null) =>
        (await admin.ask<{ auditEvents: Page }>(query, { actor, after })).auditEvents
      const [first, same] = [await ask('service-agent:secrets manager'), await ask(one)]
      expect(first).toEqual(same)
      expect(first.totalCount).toBe(5)
      expect(await ask(one, first.pageInfo.endCursor)).toEqual(
        await ask('service-agent:SECRETS manager', same.pageInfo.endCursor),
      )
      for (const createdBy of [one, 'service-agent:secrets MANAGER']) {
        expect(
          await admin.ask(`{ userKeys(filter: { createdBy: "${createdBy}" }) { nodes { name } } }`),
        ).toEqual({ userKeys: { nodes: [{ name: 'made-by-agent' }] } })
      }
      const usage = await admin.ask<{ node: { version: { usageByCaller: unknown[] } } }>(
        `{ node(id: "${keyId}") { ... on Key { version(number: 1) { usageByCaller { caller { id } operations } } } } }`,
      )
      expect(usage.node.version.usageByCaller).toEqual([{ caller: { id: one }, operations: 3 }])
      const explain = async (subject: string) =>
        admin.ask(
          `query($subject: SubjectRef!) { explainAccess(key: "${keyId}", subject: $subject, operation: DECRYPT, context: [], roles: [KMS_USER]) {
          allowed grantedBy { subject { id } message } } }`,
          { subject },
        )
      expect(await explain('service-agent:secrets manager')).toMatchObject({
        explainAccess: { allowed: true, grantedBy: [{ subject: { id: one } }, {}] },
      })
      expect(await explain('service-agent:SECRETS MANAGER')).toEqual(await explain(one))

      await isListening(story)
      const events = await subscribeAs(
        story,
        agentAs('SECRETS manager'),
        'subscription { userKeysChanged { goneKeyIds } }',
      )
      await events.next()
      await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['service-agent:secretS manageR'] })
      expect(await listOf(admin, 'orders')).toEqual([])
      expect((await events.next()).data.userKeysChanged.goneKeyIds).toEqual([keyId])
    })

    it('keeps what was stored under other spellings, and lists heal when they change', async () => {
      const story = await startStoryForTest()
      const admin = story.as(olga)
      const keyId = await createKey(admin, 'orders', [])
      const stored = ['service-agent:bad_name', 'service-agent:secrets MANAGER', zeroWidth]
      await storeList(story, keyId, { allowedSubjects: stored })
      const agent = story.as(agentAs('Secrets manager'))
      expect(await agent.ask('{ userKeys { nodes { name } } }')).toEqual({
        userKeys: { nodes: [{ name: 'orders' }] },
      })
      expect(
        await agent.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'versionNumber'),
      ).toMatchObject({
        versionNumber: 1,
      })
      expect(await listOf(admin, 'orders')).toEqual(['service-agent:Bad_Name', one, zeroWidth])
      // Nobody adds such a subject any more, and everybody can take it off.
      const added = await admin.mutate(
        'addAllowedSubjects',
        { key: keyId, subjects: [zeroWidth] },
        undefined,
        issues,
      )
      expect(added['issues']).toEqual([
        { message: expect.stringContaining('U+200B'), path: ['subjects', '0'] },
      ])
      await admin.mutate('removeAllowedSubjects', {
        key: keyId,
        subjects: [zeroWidth, 'service-agent:bad_name'],
      })
      expect(await listOf(admin, 'orders')).toEqual([one])
      await storeList(story, keyId, { owner: 'service-agent:secrets manager', allowedSubjects: [] })
      expect(
        await story.as(agentAs('SECRETS MANAGER')).mutate('rotateUserKey', { key: keyId }),
      ).not.toHaveProperty('code')
    })

    it('that differs from another in hyphens and spaces is another service', async () => {
      const story = await startStoryForTest()
      const admin = story.as(olga)
      const keyId = await createKey(admin, 'orders', ['service-agent:svc-agent'])
      expect(await listOf(admin, 'orders')).toEqual(['service-agent:Svc-Agent'])
      const encrypted: { ciphertext: string; keyId: string }[] = []
      const names = ['svc-agent', 'svc agent', 'svc--agent', 'svcagent']
      for (const name of names) {
        const agent = story.as(agentAs(name))
        const made = await agent.mutate(
          'encryptWithServiceKey',
          { plaintext: base64(name) },
          'ciphertext keyId',
        )
        encrypted.push({ ciphertext: made['ciphertext'], keyId: made['keyId'] })
        const listed = name === 'svc-agent'
        expect(await agent.ask('{ userKeys { nodes { name } } }'), name).toEqual({
          userKeys: { nodes: listed ? [{ name: 'orders' }] : [] },
        })
        const used = await agent.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'versionNumber')
        expect(used, name).toMatchObject(listed ? { versionNumber: 1 } : { code: 'KEY_NOT_FOUND' })
      }
      expect(new Set(encrypted.map((each) => each.keyId)).size).toBe(names.length)
      for (const [index, name] of names.entries()) {
        // Case does not matter, for the owner of the ciphertext and for the others.
        for (const spelling of [name, name.toUpperCase()]) {
          const agent = story.as(agentAs(spelling))
          for (const [other, { ciphertext }] of encrypted.entries()) {
            expect(
              await agent.mutate('decryptWithServiceKey', { ciphertext }, 'plaintext'),
              `${spelling} and the key of ${names[other]}`,
            ).toMatchObject(other === index ? { plaintext: base64(name) } : { code: 'INVALID_CIPHERTEXT' })
          }
        }
      }

      const find = async (by: object) =>
        (
          await admin.ask<{ serviceKey: { id: string; service: string } | null }>(
            'query($by: ServiceKeyBy!) { serviceKey(by: $by) { id service } }',
            { by },
          )
        ).serviceKey
      const [hyphen, space] = encrypted.map((each) => each.keyId)
      expect(await find({ service: 'SVC-agent' })).toEqual({ id: hyphen, service: 'svc-agent' })
      expect(await find({ key: 'Svc_agent' })).toEqual({ id: hyphen, service: 'svc-agent' })
      expect(await find({ service: 'Svc Agent' })).toEqual({ id: space, service: 'svc agent' })
      expect(await find({ key: 'Svc-agent' })).toEqual({ id: space, service: 'svc agent' })
      // No other text finds them: the key's name is not the service's, and only names of services derive one.
      for (const service of ['Svc_agent', 'svc_agent', '-svc-agent', 'svc agent ', 'svc\u2010agent']) {
        expect(await find({ service }), service).toBeNull()
      }
      for (const name of ['svc_agent', 'SVC_AGENT', 'Svc agent', 'orders']) {
        expect(await find({ key: name }), name).toBeNull()
      }

      const actors = async (actor: string) =>
        (
          await admin.ask<{ auditEvents: { nodes: { actor: { id: string } }[] } }>(
            'query($actor: SubjectRef!) { auditEvents(filter: { actor: $actor }) { nodes { actor { id } } } }',
            { actor },
          )
        ).auditEvents.nodes.map(({ actor: { id } }) => id)
      expect(new Set(await actors('service-agent:SVC-AGENT'))).toEqual(new Set(['service-agent:Svc-Agent']))
      expect(new Set(await actors('service-agent:svc agent'))).toEqual(new Set(['service-agent:Svc Agent']))
      await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['service-agent:svc agent'] })
      expect(await listOf(admin, 'orders')).toEqual(['service-agent:Svc-Agent'])
      await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['service-agent:sVC-aGENT'] })
      expect(await listOf(admin, 'orders')).toEqual([])
    })

    it('is refused where no token can have its name, with the code point of what nobody sees', async () => {
      const story = await startStoryForTest()
      const admin = story.as(olga)
      const accessControl = {
        enabled: true,
        allowedSubjects: ['user:bob', 'service-agent:bad_name', 'user:a\u202eb', 'group:x '],
      }
      const refused = await admin.mutate(
        'createUserKey',
        { name: 'orders', description: 'a\u200bb', accessControl },
        undefined,
        issues,
      )
      expect(refused['issues']).toEqual([
        { path: ['description'], message: 'must not contain the invisible format character U+200B' },
        {
          path: ['accessControl', 'allowedSubjects', '1'],
          message: expect.stringContaining('the name of a service'),
        },
        { path: ['accessControl', 'allowedSubjects', '2'], message: expect.stringContaining('U+202E') },
        { path: ['accessControl', 'allowedSubjects', '3'], message: expect.stringContaining('white space') },
      ])
      for (const person of [
        { name: 'al\u200bice' },
        { name: 'Backup ', kind: 'SERVICE_AGENT' },
        { name: 'alice', project: 'sh\u2060op' },
      ] as Person[]) {
        const answer = await story.as(person).send('{ viewer { projectId } }')
        expect(answer.status).toBe(401)
        expect(answer.errors[0]?.message).toMatch(/U\+200B|U\+2060|white space/)
      }
    })
  },
)

describe.skipIf(hasNoDatabase())('the one spelling in SQL', () => {
  it('is that of the domain', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    const name = fc.string({ unit: fc.constantFrom(...'abzABZ019 _-.'), minLength: 1, maxLength: 20 })
    const kind = fc.constantFrom('service-agent', 'user', 'group', 'service-account', 'system')
    const subjects = fc.sample(fc.tuple(kind, name), 500).map(([prefix, text]) => `${prefix}:${text}`)
    const rows = await parts.store.db.$queryRaw<{ canonical: string }[]>`
      SELECT ${canonicalInSql(Prisma.sql`s.subject`)} AS canonical
      FROM unnest(${subjects}::text[]) WITH ORDINALITY AS s(subject, place) ORDER BY place`
    await close()
    expect(rows.map(({ canonical }) => canonical)).toEqual(subjects.map(canonicalSubject))
  })
})

const issues = '... on InputValidationError { issues { path message } }'

async function keyIdOf(story: Story, name: string): Promise<string> {
  const { userKey } = await story
    .as(agentAs('Secrets Manager'))
    .ask<{ userKey: { id: string } }>(`{ userKey(key: "${name}") { id } }`)
  return userKey.id
}
