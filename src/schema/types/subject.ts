import { parseSubject } from '../../keys/rules/caller.ts'
import { builder } from '../builder.ts'
import { SubjectKind } from './enums.ts'

const User = builder.objectRef<{ id: string }>('User').implement({
  description: 'A person, known here by name only. Another subgraph can have more fields.',
  fields: (t) => ({
    id: t.id({ description: "The user's name as tokens have it.", resolve: ({ id }) => id }),
  }),
})

/** Someone or something that acts or is given access; its value is the subject string. */
export const Subject = builder.objectRef<string>('Subject').implement({
  description: 'A subject that acts, owns a key, or is on its access list.',
  fields: (t) => ({
    id: t.id({
      description:
        "Canonical spelling of the subject, e.g. `user:alice`, `group:payments`, `service-agent:Secrets Manager`. Each word of a service's name, between spaces and hyphens, begins with a capital letter, however the service or a caller spells it.",
      resolve: (subject) => subject,
    }),
    kind: t.field({
      type: SubjectKind,
      description: 'The kind of the subject.',
      resolve: (subject) => partsOf(subject).kind,
    }),
    name: t.string({
      description: 'Its name without the kind.',
      resolve: (subject) => partsOf(subject).name,
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'The person, if it is one.',
      resolve(subject) {
        const { kind, name } = partsOf(subject)
        return kind === 'USER' ? { id: name } : null
      },
    }),
  }),
})

function partsOf(subject: string) {
  const parts = parseSubject(subject)
  if (parts === null) throw new TypeError('a stored subject can be read')
  return parts
}
