import { describe, expect, it } from 'vitest'
import { runCommand } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { environmentFor, type Person, startStoryForTest } from '../support/story.ts'

const alice: Person = { name: 'alice' }

/** A running server whose tokens give no roles. */
async function startProject() {
  const story = await startStoryForTest()
  const environment = await environmentFor(story.database)
  const keystead = (command: string, ...args: string[]) =>
    runCommand(environment, 'project', command, '--project', 'shop', ...args)
  return { story, keystead }
}

const admin = ['--subject', 'user:alice', '--role', 'PROJECT_ADMIN']

describe.skipIf(hasNoDatabase())('role bindings by the operator', () => {
  it('make the first administrator of a project while the server runs, who gives further roles', async () => {
    const { story, keystead } = await startProject()
    const give = () => story.as(alice).mutate('bindRole', { subject: 'user:bob', role: 'KMS_USER' })
    expect((await give()).__typename).toBe('ForbiddenError')
    const bound = await keystead('bind', ...admin, '--note', 'first one')
    expect(bound).toMatchObject({ code: 0, said: '' })
    expect(bound.printed).toBe('user:alice has the role PROJECT_ADMIN in the project "shop".\n')
    expect((await give()).__typename).toBe('BindRolePayload')
    const { printed } = await keystead('bindings')
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(
        /^user:alice has the role PROJECT_ADMIN, by system:operator on 2026-03-01T\S+Z: first one$/,
      ),
      expect.stringMatching(/^user:bob has the role KMS_USER, by user:alice on 2026-03-01T\S+Z$/),
      '',
    ])
    const { auditEvents } = await story
      .as(alice)
      .ask<{ auditEvents: { nodes: object[] } }>(
        '{ auditEvents(last: 1, filter: { action: [BIND_ROLE], outcome: [SUCCEEDED] }) { nodes { actor { id } details } } }',
      )
    expect(auditEvents.nodes).toEqual([
      {
        actor: { id: 'system:operator' },
        details: { subject: 'user:alice', role: 'PROJECT_ADMIN', note: 'first one' },
      },
    ])
  })

  it('can be taken again, also from the last administrator', async () => {
    const { story, keystead } = await startProject()
    await keystead('bind', ...admin, '--expires-at', '2026-04-01')
    expect((await keystead('bindings')).printed).toContain('PROJECT_ADMIN until 2026-04-01T00:00:00.000Z')
    expect((await keystead('unbind', ...admin)).printed).toBe(
      'user:alice is not bound to PROJECT_ADMIN in the project "shop" any more.\n',
    )
    expect((await keystead('unbind', ...admin)).printed).toContain('nothing was changed')
    expect((await keystead('bindings')).printed).toContain('The project "shop" has no role bindings.')
    const { viewer } = await story.as(alice).ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }')
    expect(viewer.roles).toEqual([])
  })

  it('can all be taken at once', async () => {
    const { story, keystead } = await startProject()
    await keystead('bind', ...admin)
    expect(await keystead('unbind', '--all', ...admin)).toMatchObject({ code: 2 })
    expect(await keystead('unbind')).toMatchObject({ code: 2 })
    const { code, printed } = await keystead('unbind', '--all')
    expect({ code, printed }).toEqual({
      code: 0,
      printed: 'The project "shop" has no role bindings any more.\n',
    })
    const { viewer } = await story.as(alice).ask<{ viewer: { roles: string[] } }>('{ viewer { roles } }')
    expect(viewer.roles).toEqual([])
  })

  it.each([
    [
      'an unknown role',
      ['--subject', 'user:alice', '--role', 'ROOT'],
      '--role must be one of PROJECT_ADMIN,',
    ],
    [
      'an agent',
      ['--subject', 'service-agent:Backup', '--role', 'KMS_USER'],
      '--subject must be user:NAME, ',
    ],
    ['no time', [...admin, '--expires-at', 'soon'], '--expires-at needs a time such as 2027-01-31'],
    ['no subject', ['--role', 'KMS_USER'], 'The option --subject is missing.'],
  ])('with %s are wrong usage', async (_case, args, text) => {
    const { keystead } = await startProject()
    const { code, said } = await keystead('bind', ...args)
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining(text) })
  })

  it('with an end in the past are refused', async () => {
    const { keystead } = await startProject()
    const { code, said } = await keystead('bind', ...admin, '--expires-at', '2020-01-01')
    expect({ code, said }).toEqual({
      code: 1,
      said: expect.stringContaining('expiresAt must be in the future'),
    })
  })
})
