import graphql from '@graphql-eslint/eslint-plugin'

const { 'flat/schema-recommended': recommended, 'flat/schema-relay': relay } = graphql.configs

const [, recommendedNames] = recommended.rules['@graphql-eslint/naming-convention']

/**
 * Lints schema.graphql and nothing else; the code is Biome's. The recommended rules for schemas and those for Relay,
 * and of the others those that this schema keeps. Where a rule is not taken as it comes, the reason stands beside it.
 */
export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: {
      parser: graphql.parser,
      // Given here, so that no configuration of another tool is looked for.
      parserOptions: { graphQLConfig: { schema: './schema.graphql' } },
    },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      // Apollo Federation gives names with an underscore, which cannot be others; no other name has one.
      '@graphql-eslint/naming-convention': ['error', { ...recommendedNames, allowLeadingUnderscore: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Name[value=/^_(?!(Any|Service|Entity|entities|service)$)/]',
          message: 'Names with a leading underscore are left to Apollo Federation.',
        },
      ],
      // Not the types and root fields only: every element.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
        },
      ],
      // Asked of what has an identity. Answers, errors, and parts of other objects have none.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            suffixes: ['Payload', 'Error', 'Connection', 'Edge', 'BatchItem'],
            types: [
              'AccessExplanation',
              'AccessListEntry',
              'AccessReason',
              'AutomaticRotation',
              'DecryptionFailure',
              'DestroyImpact',
              'EncryptedValue',
              'EncryptionContextPair',
              'InputIssue',
              'KeyAlgorithmInfo',
              'KeyEvent',
              'KeyVersionUsage',
              'Label',
              'PageInfo',
              'PublicKey',
              'PublishedKeySet',
              'UpcomingEvent',
              'UsagePoint',
              'UsageSeries',
              'UserKeyCounts',
              'UserKeyStatusCount',
              'UserKeysEvent',
              'VersionCaller',
              'Viewer',
              '_Service',
            ],
          },
        },
      ],
      // A list that cannot grow without bound (algorithms, results of a batch, `nodes` beside `edges`) is no
      // connection: pages of it would be requests for nothing.
      // Events that are due follow from their keys and have no identity; of the others, test/architecture/relay.test.ts
      // asks that they implement Node.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false },
      ],
      // What the preset "schema-all" has besides. Not of it: an order by the alphabet (related elements stand
      // together), `query` in answers of mutations, a date of deletion as an argument that GraphQL's `@deprecated` does
      // not have (it is in the reason, docs/api-policy.md), and nullable results of all root fields (Apollo Federation
      // gives `_entities` and `_service` types without null).
      '@graphql-eslint/input-name': ['error', { checkInputType: true, caseSensitiveInputType: false }],
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
    },
  },
]
