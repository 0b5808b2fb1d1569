import { describe, expect, it } from 'vitest'
import { verifyRows } from '../../src/audit/verify/verify-rows.ts'
import { unbindAllRoles } from '../../src/keys/changing/bind-role.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { openTrail, verifyStory } from './opened-trail.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const eve: Person = { name: 'eve' }

const alertsOf = (story: Story, since: number) =>
  story.logged.slice(since).filter((line) => line.includes('"alert":"INTEGRITY"'))

async function rolesOfEve(story: Story): Promise<string[]> {
  return (await story.as(eve).ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }')).viewer.roles
}

async function findingsIn(story: Story): Promise<string[]> {
  await story.stop()
  return (await verifyStory(story)).findings.map(({ text }) => text)
}

/** A project in which eve was an administrator, with a copy of the row from then. */
async function startUnbound(): Promise<Story> {
  const story = await startStoryForTest()
  const binding = { subject: 'user:eve', role: 'PROJECT_ADMIN' }
  await story.as(ada).mutate('bindRole', binding)
  await story.sql('CREATE TABLE copied AS TABLE project_roles')
  await story.as(ada).mutate('unbindRole', binding)
  return story
}

const codeOfBinding = async (story: Story) => {
  const { data, errors } = await story
    .as(ada)
    .send('mutation { bindRole(input: { subject: "user:bob", role: KMS_USER }) { __typename } }')
  return errors[0]?.extensions.code ?? data.bindRole.__typename
}

describe.skipIf(hasNoDatabase())('role bindings in the database', () => {
  it('count for nothing once they were edited, which raises an alert, and cannot be changed', async () => {
    const story = await startUnbound()
    const since = story.logged.length
    await story.sql(`UPDATE project_roles SET bindings = (SELECT bindings FROM copied)`)
    expect(await rolesOfEve(story)).toEqual([])
    expect(alertsOf(story, since).join()).toMatch(/role bindings \S+ does not verify/)
    expect(await codeOfBinding(story)).toBe('INTERNAL')
    await story.stop()
    const { parts, close } = await openTrail(story)
    const texts: string[] = []
    for await (const findings of verifyRows(parts.store.db, parts.policyMac)) {
      texts.push(...findings.map(({ text }) => text))
    }
    await close()
    expect(texts).toEqual([
      expect.stringMatching(/^role bindings prol_\w{26} has a row that was changed outside of the server$/),
    ])
  })

  it('that were put back are refused by the next change, and named', async () => {
    const story = await startUnbound()
    const since = story.logged.length
    await story.sql('DELETE FROM project_roles', 'INSERT INTO project_roles SELECT * FROM copied')
    expect(await codeOfBinding(story)).toBe('INTERNAL')
    expect(alertsOf(story, since).join()).toContain('its newest change on record')
    expect(await findingsIn(story)).toEqual([
      expect.stringMatching(/^role bindings prol_\w{26} went back to revision 1; revision 2 is on record$/),
    ])
  })

  it('of another project do not count in this one', async () => {
    const story = await startUnbound()
    await story.as({ ...ada, project: 'other' }).mutate('bindRole', { subject: 'user:eve', role: 'KMS_USER' })
    await story.sql(
      `DELETE FROM project_roles WHERE project_id = 'shop'`,
      `UPDATE project_roles SET project_id = 'shop'`,
    )
    expect(await rolesOfEve(story)).toEqual([])
  })

  it('that are gone are named, and not made anew by the next change', async () => {
    const story = await startUnbound()
    await story.sql('DELETE FROM project_roles')
    expect(await codeOfBinding(story)).toBe('INTERNAL')
    expect(await findingsIn(story)).toEqual([expect.stringMatching(/^role bindings prol_\w{26} are gone$/)])
  })

  it('can be removed by the operator whatever state they are in, and then be made again', async () => {
    const story = await startUnbound()
    await story.sql('DELETE FROM project_roles', 'INSERT INTO project_roles SELECT * FROM copied')
    expect(await codeOfBinding(story)).toBe('INTERNAL')
    await story.stop()
    const { parts, close } = await openTrail(story)
    await unbindAllRoles(parts, 'shop')
    await close()
    await story.restart()
    expect(await rolesOfEve(story)).toEqual([])
    expect(await codeOfBinding(story)).toBe('BindRolePayload')
    expect(await findingsIn(story)).toEqual([])
  })

  it('to roles of another release stay when others are changed', async () => {
    const story = await startStoryForTest()
    await story.as(ada).mutate('bindRole', { subject: 'user:eve', role: 'KMS_USER' })
    await story.stop()
    const { parts, close } = await openTrail(story)
    const { projectRoles, auditEvent } = parts.store.db
    const row = await projectRoles.findFirstOrThrow()
    const [binding] = JSON.parse(row.bindings) as object[]
    const draft = { ...row, revision: 0, bindings: JSON.stringify([{ ...binding, role: 'KMS_LATER' }]) }
    await projectRoles.update({
      where: { id: row.id },
      data: { ...draft, mac: parts.policyMac.projectRolesMac(draft) },
    })
    // As if the other release had made it: nothing of it is on record here.
    await auditEvent.updateMany({ where: { keyId: row.id }, data: { keyRevision: null } })
    await close()
    await story.restart()
    expect(await rolesOfEve(story)).toEqual([])
    expect(await codeOfBinding(story)).toBe('BindRolePayload')
    const [written] = await story.sql('SELECT bindings FROM project_roles')
    expect((JSON.parse(String(written?.['bindings'])) as { role: string }[]).map(({ role }) => role)).toEqual(
      ['KMS_USER', 'KMS_LATER'],
    )
  })

  it('verify after changes, expiry and pruning', async () => {
    const story = await startUnbound()
    const expiresAt = new Date(story.clock.now().getTime() + 60_000).toISOString()
    await story.as(ada).mutate('bindRole', { subject: 'user:bob', role: 'KMS_USER', expiresAt })
    story.clock.advance({ minutes: 2 })
    await story.as(ada).mutate('bindRole', { subject: 'user:carl', role: 'KMS_USER' })
    expect(await findingsIn(story)).toEqual([])
  })
})
