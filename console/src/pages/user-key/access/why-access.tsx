import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { isInvalidInput } from '../../../api/client.ts'
import { graphql } from '../../../api/graphql.ts'
import { usePageQuery } from '../../../api/live.tsx'
import { useViewer } from '../../../api/viewer.ts'
import { Loading } from '../../../design/loading.tsx'
import { Notice } from '../../../design/notice.tsx'
import { pairsInput } from '../../../design/pairs-field.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { AccessVerdict } from './access-verdict.tsx'
import { accessExplanationFields } from './explanation.ts'
import { type Question, useQuestion } from './question.ts'
import { QuestionForm } from './question-form.tsx'

const explainAccessQuery = graphql(
  `
    query ExplainAccess(
      $key: KeyRef!
      $subject: SubjectRef!
      $groups: [String!]
      $roles: [Role!]
      $operation: KeyOperation!
      $context: [EncryptionContextPairInput!]
    ) {
      explainAccess(
        key: $key
        subject: $subject
        groups: $groups
        roles: $roles
        operation: $operation
        context: $context
      ) {
        ...AccessExplanationFields
      }
    }
  `,
  [accessExplanationFields],
)

const explainMyAccessQuery = graphql(
  `
    query ExplainMyAccess(
      $key: KeyRef!
      $operation: KeyOperation!
      $context: [EncryptionContextPairInput!]
    ) {
      explainMyAccess(key: $key, operation: $operation, context: $context) {
        ...AccessExplanationFields
      }
    }
  `,
  [accessExplanationFields],
)

/**
 * Says why somebody may do something with a key, or why not: to its managers about anybody, to others about themselves,
 * also where the key is redacted.
 */
export function WhyAccess({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('access.why')
  const [asked, ask] = useQuestion()
  const mayAskOfOthers = userKey.viewerPermissions?.includes('MANAGE') ?? false
  const question = asked && !mayAskOfOthers ? { ...asked, subject: null } : asked
  return (
    <Section title={t(mayAskOfOthers ? 'title' : 'myTitle')}>
      <div className={question ? 'columns' : 'stack'}>
        <QuestionForm
          // What is in the address counts, also after Back.
          key={JSON.stringify(question)}
          userKey={userKey}
          mayAskOfOthers={mayAskOfOthers}
          question={question}
          onAsk={ask}
        />
        {question && <Answer userKey={userKey} question={question} />}
      </div>
    </Section>
  )
}

function Answer(props: { readonly userKey: DetailKey; readonly question: Question }) {
  const t = useTranslations('access.why')
  const viewer = useViewer()
  const { userKey, question } = props
  const text = JSON.stringify(question)
  const variables = useMemo(() => {
    const { operation, context, groups, roles } = JSON.parse(text) as Question
    return {
      key: userKey.id,
      operation,
      context: context && pairsInput(context),
      groups: groups && [...groups],
      roles: roles && [...roles],
    }
  }, [text, userKey.id])
  const { subject } = question
  const ofOther = useMemo(() => ({ ...variables, subject: subject ?? '' }), [variables, subject])
  const { key, operation, context } = variables
  const ofViewer = useMemo(() => ({ key, operation, context }), [key, operation, context])
  const [other] = usePageQuery({
    query: explainAccessQuery,
    variables: ofOther,
    pause: subject === null,
    showsInvalidInput: true,
  })
  const [own] = usePageQuery({
    query: explainMyAccessQuery,
    variables: ofViewer,
    pause: subject !== null,
    showsInvalidInput: true,
  })
  const { data, error, fetching } = subject === null ? own : other
  const issue = error && isInvalidInput(error) ? error.graphQLErrors[0]?.message : undefined
  if (issue !== undefined) return <Notice tone="bad">{issue}</Notice>
  const explanation = subject === null ? own.data?.explainMyAccess : other.data?.explainAccess
  if (!explanation) return fetching || !data ? <Loading /> : <Notice tone="waiting">{t('unknown')}</Notice>
  return (
    <AccessVerdict
      userKey={userKey}
      subject={subject ?? viewer?.subject.id ?? ''}
      operation={question.operation}
      explanation={explanation}
    />
  )
}
