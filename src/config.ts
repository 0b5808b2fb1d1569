import { KeysteadError } from './errors.ts'
import {
  algorithmNames,
  authorizationParameters,
  boolean,
  claimName,
  consoleUrl,
  endpointUrl,
  httpsUrl,
  integer,
  integerOrAuto,
  list,
  networks,
  objectPrefix,
  oidcScopes,
  oneOf,
  optional,
  optionalText,
  origins,
  postgresUrl,
  signatureAlgorithms,
  text,
  timeZone,
  typePrefix,
} from './setting-values.ts'

const rootKeyProvider = oneOf('file', 'env', 'pkcs11')

interface Setting<T> {
  /** Description for operators; one line of `.env.example`. */
  readonly meaning: string
  /** Unit of the value, if it has one. */
  readonly unit?: string
  /** Default as text; empty for not set. */
  readonly default: string
  /** Example for `docs/configuration.md`. Without one, the default is the example. */
  readonly example?: string
  /** True if the value must not be printed. */
  readonly secret?: boolean
  /** Parses the text. Throws a `TypeError` whose message states what is allowed. */
  readonly parse: (text: string) => T
}

/**
 * All settings, by the name of their environment variable, in the order of `.env.example`. The file is long because it is
 * the only place where settings are declared.
 */
export const settings = {
  HOST: {
    meaning: 'Address to listen on. Development mode accepts loopback addresses only.',
    default: '127.0.0.1',
    parse: text,
  },
  PORT: {
    meaning: 'TCP port to listen on; 0 takes any free one.',
    default: '4600',
    parse: integer(0, 65_535),
  },
  WORKERS: {
    meaning:
      'Processes that serve requests on the same port (see docs/scaling.md): a number, or "auto" for one on each processor that memory suffices for. More than one needs DATABASE_URL. "keystead serve --workers" replaces it.',
    unit: 'processes',
    default: '1',
    example: 'auto',
    parse: integerOrAuto(1, 256),
  },
  TLS_CERT_FILE: {
    meaning:
      "File with the server's certificate (PEM), followed by those of intermediate authorities. The server then speaks HTTPS only. A changed file is used within 10 seconds (docs/tls.md).",
    default: '',
    example: '/etc/keystead/tls/tls.crt',
    parse: optionalText,
  },
  TLS_KEY_FILE: {
    meaning:
      'File with the private key of that certificate (PEM, without a passphrase), which other users must not be able to read.',
    default: '',
    example: '/etc/keystead/tls/tls.key',
    parse: optionalText,
  },
  NODE_ENV: {
    meaning:
      'With "production", the server refuses to start in development mode (that is: without AUTH_ISSUER or DATABASE_URL).',
    default: '',
    example: 'production',
    parse: text,
  },
  LOG_LEVEL: {
    meaning: 'Level of the log, which is written to standard output as lines of JSON.',
    default: 'info',
    parse: oneOf('silent', 'error', 'warn', 'info', 'debug'),
  },
  METRICS_PORT: {
    meaning:
      'TCP port for Prometheus metrics at /metrics, separate from the API; 0 takes any free one. Not set: no metrics.',
    default: '',
    example: '4601',
    parse: optional(integer(0, 65_535)),
  },
  METRICS_HOST: {
    meaning: 'Address to listen on for metrics, which need no token.',
    default: '127.0.0.1',
    parse: text,
  },
  OTEL_TRACES_EXPORTER: {
    meaning:
      'Exporter of OpenTelemetry traces: "otlp" or "none". Not set: "otlp" if an endpoint is set (see docs/monitoring.md).',
    default: '',
    example: 'otlp',
    parse: optional(oneOf('otlp', 'none')),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning: 'Collector of traces (OTLP over HTTP, as JSON), without the path /v1/traces.',
    default: '',
    example: 'http://collector:4318',
    parse: optionalText,
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    meaning: 'Collector of traces with its full path, instead of OTEL_EXPORTER_OTLP_ENDPOINT.',
    default: '',
    example: 'http://collector:4318/v1/traces',
    parse: optionalText,
  },
  OTEL_SERVICE_NAME: {
    meaning: 'Name of this server in traces.',
    default: 'keystead',
    parse: text,
  },
  OTEL_SDK_DISABLED: {
    meaning: '"true" disables traces, whatever else is set.',
    default: 'false',
    parse: boolean,
  },

  DATABASE_URL: {
    meaning:
      'PostgreSQL database, version 15 or newer, also with several hosts (see docs/postgresql.md). Not set: the embedded database in DATA_FOLDER, for one process.',
    default: '',
    example: 'postgresql://keystead:PASSWORD@db.example.com:5432/keystead',
    secret: true,
    parse: postgresUrl,
  },
  DATABASE_LISTEN_URL: {
    meaning:
      'The same database past a pooler in transaction mode, for the one connection that listens for changes by other replicas. Set it when DATABASE_URL leads to such a pooler (PgBouncer, Supabase, Neon).',
    default: '',
    example: 'postgresql://keystead:PASSWORD@db.example.com:5432/keystead',
    secret: true,
    parse: postgresUrl,
  },
  DATABASE_POOL_SIZE: {
    meaning:
      'Most connections to PostgreSQL, shared among the workers, each of which has at least 4 of them. One more for each worker listens for changes made by others.',
    unit: 'connections',
    default: '10',
    parse: integer(2, 1000),
  },
  MIGRATE_ON_START: {
    meaning:
      '"true" applies pending database migrations at start; "false" refuses to start while some are pending.',
    default: 'true',
    parse: boolean,
  },
  DATA_FOLDER: {
    meaning: 'Folder of the embedded database and of the default root key file; created at the first start.',
    default: './data',
    parse: text,
  },

  ROOT_KEY_PROVIDER: {
    meaning: 'Provider of the root key: a file, the variable ROOT_KEY, or an HSM (see docs/root-keys.md).',
    default: 'file',
    parse: rootKeyProvider,
  },
  ROOT_KEY_FILE: {
    meaning:
      'Root key file (base64 of 32 random bytes on each line, the newest first; docs/root-keys.md describes its permissions). Not set: root.key in DATA_FOLDER. Created together with an empty database.',
    default: '',
    example: '/etc/keystead/root.key',
    parse: optionalText,
  },
  ROOT_KEY: {
    meaning: 'Root key (base64 of 32 random bytes), for ROOT_KEY_PROVIDER=env.',
    default: '',
    example: '$(openssl rand -base64 32)',
    secret: true,
    parse: optionalText,
  },
  ROOT_KEY_PREVIOUS: {
    meaning: 'Previous root keys, comma separated, until a rotation to ROOT_KEY is complete.',
    default: '',
    example: '$(cat former-root-key)',
    secret: true,
    parse: optionalText,
  },
  ROOT_KEY_PREVIOUS_PROVIDER: {
    meaning: 'Previous provider of the root key, until a rotation to ROOT_KEY_PROVIDER is complete.',
    default: '',
    example: 'file',
    parse: optional(rootKeyProvider),
  },
  PKCS11_LIBRARY: {
    meaning: 'PKCS #11 library of the HSM, for ROOT_KEY_PROVIDER=pkcs11; an absolute path.',
    default: '',
    example: '/usr/lib/softhsm/libsofthsm2.so',
    parse: optionalText,
  },
  PKCS11_TOKEN: {
    meaning: 'Label of the token in the HSM.',
    default: '',
    example: 'keystead',
    parse: optionalText,
  },
  PKCS11_KEY_LABEL: {
    meaning: 'Label of the root key in the token.',
    default: 'keystead-root',
    parse: text,
  },
  PKCS11_PREVIOUS_KEY_LABELS: {
    meaning:
      'Labels of previous root keys, comma separated, until a rotation to PKCS11_KEY_LABEL is complete.',
    default: '',
    example: 'keystead-root-2025,keystead-root-2024',
    parse: list,
  },
  PKCS11_PIN_FILE: {
    meaning:
      'File with the user PIN of the token, which other users must not be able to read (docs/root-keys.md). Set this or PKCS11_PIN.',
    default: '',
    example: '/etc/keystead/pin',
    parse: optionalText,
  },
  PKCS11_PIN: {
    meaning: 'User PIN of the token.',
    default: '',
    example: '$(cat pin)',
    secret: true,
    parse: optionalText,
  },

  AUTH_ISSUER: {
    meaning:
      'The "iss" claim of accepted tokens. Not set together with DATABASE_URL: development mode with an issuer of its own.',
    default: '',
    example: 'https://login.example.com',
    parse: optionalText,
  },
  AUTH_AUDIENCE: {
    meaning: 'The "aud" claim that accepted tokens must name.',
    default: 'keystead',
    parse: text,
  },
  AUTH_JWKS_URL: {
    meaning:
      "URL of the issuer's public keys (JWK Set, RFC 7517). AUTH_ISSUER needs this or AUTH_JWKS_FILE. For a private certificate authority, set NODE_EXTRA_CA_CERTS (docs/tokens.md).",
    default: '',
    example: 'https://login.example.com/jwks',
    parse: httpsUrl,
  },
  AUTH_JWKS_FILE: {
    meaning: 'File with the public keys of the issuer (JWK Set).',
    default: '',
    example: '/etc/keystead/jwks.json',
    parse: optionalText,
  },
  AUTH_ISSUERS_FILE: {
    meaning:
      'File with trusted issuers, each with its own keys and audience, and with rules or a preset of its provider (JSON; see docs/tokens.md). `keystead auth check` checks it.',
    default: '',
    example: '/etc/keystead/issuers.json',
    parse: optionalText,
  },
  AUTH_JWKS_CACHE_MINUTES: {
    meaning: 'How long fetched keys of an issuer are used before they are fetched again.',
    unit: 'minutes',
    default: '10',
    parse: integer(1, 1440),
  },
  AUTH_JWKS_OUTAGE_MINUTES: {
    meaning:
      'How much longer the last keys of an issuer are used while they cannot be fetched. After that, tokens are answered with UNAVAILABLE.',
    unit: 'minutes',
    default: '60',
    parse: integer(0, 1440),
  },
  AUTH_ALGORITHMS: {
    meaning: 'Accepted signature algorithms, comma separated. "none" and HMAC are never accepted.',
    default: 'EdDSA,ES256,ES384,PS256,RS256',
    parse: signatureAlgorithms,
  },
  AUTH_TOKEN_PROFILE: {
    meaning:
      '"rfc9068" requires access tokens of RFC 9068 (typ at+jwt, jti, client_id); "generic" accepts any JWT with iss, aud, sub, iat and exp.',
    default: 'rfc9068',
    parse: oneOf('rfc9068', 'generic'),
  },
  AUTH_CLOCK_TOLERANCE_SECONDS: {
    meaning: 'Accepted difference between the clocks of issuer and server.',
    unit: 'seconds',
    default: '30',
    parse: integer(0, 60),
  },
  AUTH_TOKEN_LIFETIME_MINUTES_MAX: {
    meaning:
      'Longest lifetime of an accepted token, from "iat" (which must not be in the future) to "exp"; 0 for no limit. A stolen token works for that long.',
    unit: 'minutes',
    default: '1440',
    parse: integer(0, 527_040),
  },
  AUTH_CLAIM_PROJECT: {
    meaning: 'Claim with the project of the caller. Dots separate the names of nested claims.',
    default: 'project',
    parse: claimName,
  },
  AUTH_CLAIM_ROLES: {
    meaning: 'Claim with the list of roles in that project (PROJECT_ADMIN, KMS_USER, …).',
    default: 'roles',
    parse: claimName,
  },
  AUTH_CLAIM_GROUPS: { meaning: 'Claim with the list of groups.', default: 'groups', parse: claimName },
  AUTH_CLAIM_KIND: {
    meaning: 'Claim with the kind of caller: USER (also when absent), SERVICE_ACCOUNT or SERVICE_AGENT.',
    default: 'kind',
    parse: claimName,
  },
  AUTH_CLAIM_SUBJECT: {
    meaning: 'Claim with the name of the caller; for a SERVICE_AGENT the name of its service.',
    default: 'sub',
    parse: claimName,
  },

  ALLOWED_ALGORITHMS: {
    meaning: 'Algorithms allowed for new user keys, comma separated. Not set: all.',
    default: '',
    example: 'AES_256_GCM,ED25519',
    parse: algorithmNames,
  },
  ROTATION_TIME_ZONE: {
    meaning: 'Time zone of automatic rotations, which are due at 00:00.',
    default: 'UTC',
    parse: timeZone,
  },
  HOUSEKEEPING_INTERVAL_SECONDS: {
    meaning: 'How often the server runs due rotations and destructions.',
    unit: 'seconds',
    default: '30',
    parse: integer(1, 3600),
  },
  DESTROY_WAITING_DAYS_DEFAULT: {
    meaning: 'Waiting period of destroyKeyVersion if the caller gives none.',
    unit: 'days',
    default: '7',
    parse: integer(0, 30),
  },
  DESTROY_WAITING_DAYS_MIN: {
    meaning: 'Shortest waiting period that a caller may choose.',
    unit: 'days',
    default: '0',
    parse: integer(0, 30),
  },

  AUDIT_SINK_FILE_FOLDER: {
    meaning:
      'Folder into which the audit trail is exported continuously, as files with lines of JSON (see docs/audit.md).',
    default: '',
    example: '/var/log/keystead/audit',
    parse: optionalText,
  },
  AUDIT_SINK_FILE_MEBIBYTES_MAX: {
    meaning: 'Size at which such a file is closed and the next one begun.',
    unit: 'MiB',
    default: '64',
    parse: integer(1, 65_536),
  },
  AUDIT_SINK_FILE_MINUTES_MAX: {
    meaning: 'Age at which such a file is closed, when the next records come.',
    unit: 'minutes',
    default: '60',
    parse: integer(1, 10_080),
  },
  AUDIT_SINK_WEBHOOK_URL: {
    meaning:
      'Address to which the audit trail is posted continuously, signed after the Standard Webhooks specification (see docs/audit.md).',
    default: '',
    example: 'https://siem.example.com/keystead',
    secret: true,
    parse: endpointUrl,
  },
  AUDIT_SINK_WEBHOOK_SECRET_FILE: {
    meaning:
      'File with the secret of these signatures ("whsec_" and base64 of 24 to 64 bytes), which other users must not be able to read. While the secret is being changed, several, one a line.',
    default: '',
    example: '/etc/keystead/webhook-secret',
    parse: optionalText,
  },
  AUDIT_SINK_S3_BUCKET_URL: {
    meaning:
      'Address of a bucket of S3-compatible object storage, with the bucket in the host or in the path, into which the audit trail is exported continuously.',
    default: '',
    example: 'https://keystead-audit.s3.eu-central-1.amazonaws.com',
    parse: endpointUrl,
  },
  AUDIT_SINK_S3_REGION: {
    meaning: 'Region of the bucket, as its signatures name it.',
    default: 'us-east-1',
    example: 'eu-central-1',
    parse: text,
  },
  AUDIT_SINK_S3_PREFIX: {
    meaning: 'Beginning of the names of objects, without a slash at its end.',
    default: 'keystead',
    parse: objectPrefix,
  },
  AUDIT_SINK_S3_CREDENTIALS_FILE: {
    meaning:
      'File with aws_access_key_id, aws_secret_access_key and, for temporary credentials, aws_session_token, in the form of the shared credentials file of AWS. Other users must not be able to read it. A changed file is read when a request has failed.',
    default: '',
    example: '/etc/keystead/s3-credentials',
    parse: optionalText,
  },
  AUDIT_SINK_OTLP_URL: {
    meaning:
      'Address of an OpenTelemetry receiver, with its path, to which the audit trail is sent continuously as logs (OTLP over HTTP, as JSON).',
    default: '',
    example: 'https://collector.example.com:4318/v1/logs',
    secret: true,
    parse: endpointUrl,
  },
  AUDIT_SINK_OTLP_HEADERS_FILE: {
    meaning:
      'File with further headers of these requests, one "Name: value" a line, which other users must not be able to read.',
    default: '',
    example: '/etc/keystead/otlp-headers',
    parse: optionalText,
  },
  AUDIT_SINK_BATCH_EVENTS: {
    meaning: 'Most records that are sent to a sink of the audit trail at once.',
    unit: 'records',
    default: '500',
    parse: integer(1, 5000),
  },
  AUDIT_SINK_BATCH_SECONDS: {
    meaning:
      'Pause before a sink of the audit trail that has all records looks for new ones. They wait for that long, and form larger batches.',
    unit: 'seconds',
    default: '5',
    parse: integer(1, 3600),
  },
  AUDIT_SINK_TIMEOUT_SECONDS: {
    meaning: 'Time that a sink of the audit trail has to acknowledge a batch. Then it is sent again.',
    unit: 'seconds',
    default: '30',
    parse: integer(1, 600),
  },
  AUDIT_RETENTION_DAYS: {
    meaning:
      'Age at which records of the audit trail are removed automatically, once a day, but never before all configured sinks have them. Not set: never.',
    unit: 'days',
    default: '',
    example: '400',
    parse: optional(integer(1, 36_500)),
  },
  AUDIT_CHECKPOINT_MINUTES: {
    meaning:
      'Interval in which each sink of the audit trail gets a signed checkpoint beside the records; 0 for none.',
    unit: 'minutes',
    default: '60',
    parse: integer(0, 525_600),
  },

  ITEM_BYTES_MAX: {
    meaning: 'Largest plaintext, message or additional authenticated data of one operation.',
    unit: 'bytes',
    default: '65536',
    parse: integer(1024, 16_777_216),
  },
  BATCH_ITEMS_MAX: {
    meaning: 'Most items of one batch.',
    unit: 'items',
    default: '500',
    parse: integer(1, 10_000),
  },
  BATCH_BYTES_MAX: {
    meaning: 'Most bytes of plaintext, and of additional authenticated data, in one batch.',
    unit: 'bytes',
    default: '1048576',
    parse: integer(1024, 67_108_864),
  },
  KEY_CACHE_SIZE: {
    meaning: 'Most keys in the cache.',
    unit: 'keys',
    default: '10000',
    parse: integer(1, 10_000_000),
  },
  CACHE_LIFETIME_MS: {
    meaning:
      'How long a cached key is used before it is read from the database again. A change made by another replica takes effect within this time.',
    unit: 'milliseconds',
    default: '5000',
    parse: integer(0, 60_000),
  },
  REQUEST_TIMEOUT_MS: {
    meaning: 'Timeout of a request. No operation uses a key for longer than this after it was checked.',
    unit: 'milliseconds',
    default: '15000',
    parse: integer(100, 600_000),
  },
  SHUTDOWN_TIMEOUT_MS: {
    meaning: 'How long a stopping server may finish accepted requests. Longer ones are cut off.',
    unit: 'milliseconds',
    default: '10000',
    parse: integer(0, 600_000),
  },
  CONNECTIONS_MAX: {
    meaning:
      'Most connections of clients at once. If the limit of open files of the process allows fewer, that limit applies, and the log warns (see docs/overload.md).',
    unit: 'connections',
    default: '5000',
    parse: integer(16, 1_000_000),
  },
  REQUESTS_UNDER_WAY_MAX: {
    meaning: 'Most requests that are executed at once (see docs/overload.md).',
    unit: 'requests',
    default: '64',
    parse: integer(1, 10_000),
  },
  REQUESTS_WAITING_MAX: {
    meaning:
      'Most requests that are admitted but queued. Further ones are answered at once with UNAVAILABLE and status 503.',
    unit: 'requests',
    default: '256',
    parse: integer(0, 100_000),
  },
  REQUEST_WAIT_MS_MAX: {
    meaning: 'Longest time that a request may be queued. Requests that wait too long get the same answer.',
    unit: 'milliseconds',
    default: '2000',
    parse: integer(0, 600_000),
  },
  RATE_LIMIT_UNITS: {
    meaning:
      'Units that a caller may use within RATE_LIMIT_WINDOW_SECONDS, on each worker of each replica: one for each top-level field of a request and for each item of a batch, and more for slow cryptography (docs/algorithms.md). 0 for no limit.',
    unit: 'units',
    default: '60000',
    parse: integer(0, 1_000_000_000),
  },
  RATE_LIMIT_WINDOW_SECONDS: {
    meaning: 'Time window of RATE_LIMIT_UNITS.',
    unit: 'seconds',
    default: '10',
    parse: integer(1, 86_400),
  },
  UV_THREADPOOL_SIZE: {
    meaning:
      'Threads of the pool in which Node reads files, resolves names and computes slow cryptography. Slow cryptography leaves some of them free if there are at least 4. Not set: by the number of processors (10 for 2 processors, 38 for 16).',
    unit: 'threads',
    default: '',
    example: '16',
    parse: optional(integer(1, 1024)),
  },
  SUBSCRIPTIONS_MAX: {
    meaning: 'Most open subscriptions, and most WebSockets, on each replica (see docs/subscriptions.md).',
    unit: 'subscriptions',
    default: '1000',
    parse: integer(0, 100_000),
  },
  SUBSCRIPTIONS_PER_CALLER_MAX: {
    meaning:
      'Most open subscriptions of one caller, and most of its WebSockets, on each replica. 0 disables subscriptions.',
    unit: 'subscriptions',
    default: '20',
    parse: integer(0, 100_000),
  },
  CORS_ORIGINS: {
    meaning:
      'Origins of web pages that may use the API (CORS), comma separated, exactly as browsers write them, without wildcards. Not set: none.',
    default: '',
    example: 'https://console.example.com',
    parse: origins,
  },
  TRUSTED_PROXIES: {
    meaning:
      'Networks of the reverse proxies in front of this server, and of no other hosts, comma separated. The client address in audit records and limits is taken from their Forwarded or X-Forwarded-For header. Not set: the address of the connection.',
    default: '',
    example: '10.0.5.0/24,2001:db8:5::/64',
    parse: networks,
  },
  TRUSTED_PROXY_HEADER: {
    meaning:
      'Header that the trusted proxies write: "forwarded", "x-forwarded-for", or "auto" for either. With "auto", a request in which the two name different clients is refused.',
    default: 'auto',
    parse: oneOf('auto', 'forwarded', 'x-forwarded-for'),
  },
  AUTH_FAILURES_PER_MINUTE_MAX: {
    meaning:
      'Refused tokens of one client address in a minute. Beyond that, unverified tokens are rejected without checking, except those that name a caller this server has verified before. 0 for any number. Behind a proxy, set TRUSTED_PROXIES; otherwise all clients share the address of the proxy.',
    unit: 'tokens',
    default: '6000',
    parse: integer(0, 1_000_000_000),
  },
  CONSOLE: {
    meaning:
      'The web console at /: "auto" serves it in development mode, and with a login (CONSOLE_OIDC_ISSUER). "on" is refused without either.',
    default: 'auto',
    parse: oneOf('auto', 'on', 'off'),
  },
  CONSOLE_URL: {
    meaning:
      'Address at which browsers open the console, without a path. Behind a proxy: that of the proxy. The redirect URI of the login is /console/callback there. CONSOLE_OIDC_ISSUER needs it.',
    default: '',
    example: 'https://kms.example.com',
    parse: consoleUrl,
  },
  CONSOLE_OIDC_ISSUER: {
    meaning:
      'Issuer (OpenID Connect) at which people log in to the console; one whose tokens this server accepts, AUTH_ISSUER or that of an entry of AUTH_ISSUERS_FILE. See docs/console-login.md.',
    default: '',
    example: 'https://login.example.com',
    parse: httpsUrl,
  },
  CONSOLE_OIDC_CLIENT_ID: {
    meaning: 'ID of the client that is registered for the console at that issuer.',
    default: '',
    example: 'keystead-console',
    parse: optionalText,
  },
  CONSOLE_OIDC_CLIENT_SECRET_FILE: {
    meaning:
      'File with the secret of that client, which other users must not be able to read. Not set: a public client, which has none.',
    default: '',
    example: '/etc/keystead/console-client-secret',
    parse: optionalText,
  },
  CONSOLE_OIDC_CLIENT_SECRET: {
    meaning: 'Secret of that client. Set this or CONSOLE_OIDC_CLIENT_SECRET_FILE.',
    default: '',
    example: '$(cat console-client-secret)',
    secret: true,
    parse: optionalText,
  },
  CONSOLE_OIDC_SCOPES: {
    meaning: 'Scopes that the console asks for, with spaces between them. "openid" is required.',
    default: 'openid profile',
    example: 'openid profile offline_access',
    parse: oidcScopes,
  },
  CONSOLE_OIDC_PARAMETERS: {
    meaning:
      'Further parameters of the authorization request, as in a URL. "resource" (RFC 8707) is also sent to the token endpoint.',
    default: '',
    example: 'resource=https://kms.example.com',
    parse: authorizationParameters,
  },
  CONSOLE_OIDC_TOKEN: {
    meaning:
      'Token of the provider that the console sends to the API: "access_token", or "id_token" for providers whose access tokens are opaque.',
    default: 'access_token',
    parse: oneOf('access_token', 'id_token'),
  },
  CONSOLE_OIDC_EXCHANGE: {
    meaning:
      'Where codes and refresh tokens are exchanged for tokens: "server" keeps refresh tokens away from scripts and needs no CORS at the provider; "browser" is for a server that cannot reach the provider.',
    default: 'server',
    parse: oneOf('server', 'browser'),
  },
  CLI_OIDC_CLIENT_ID: {
    meaning:
      'ID of the public client that is registered at CONSOLE_OIDC_ISSUER for "keystead login", which then needs the address of this server alone. See docs/command-line.md.',
    default: '',
    example: 'keystead-cli',
    parse: optionalText,
  },
  GRAPHIQL: {
    meaning: 'GraphiQL at /graphql: "auto" shows it in development mode only.',
    default: 'auto',
    parse: oneOf('auto', 'on', 'off'),
  },
  TRUSTED_DOCUMENTS: {
    meaning:
      'Use of TRUSTED_DOCUMENTS_FILE: "off", "allow" (requests may name a trusted document by its ID), or "only" (other documents are refused).',
    default: 'off',
    parse: oneOf('off', 'allow', 'only'),
  },
  TRUSTED_DOCUMENTS_FILE: {
    meaning: 'File with the trusted documents by their SHA-256 (JSON; see docs/trusted-documents.md).',
    default: '',
    example: '/etc/keystead/documents.json',
    parse: optionalText,
  },
  INTROSPECTION: {
    meaning:
      'Schema introspection, and `_service` for gateways: "auto" answers both in development mode only.',
    default: 'auto',
    parse: oneOf('auto', 'on', 'off'),
  },
  SUBGRAPH_PREFIX: {
    meaning:
      'Prefix of types and root fields at /subgraph, a second path of the API for gateways (see docs/federation.md). Not set: no such path.',
    default: '',
    example: 'Kms',
    parse: optional(typePrefix),
  },
} as const satisfies Record<string, Setting<unknown>>

type Settings = typeof settings

/** All settings, parsed. */
export type Config = Readonly<{ [Name in keyof Settings]: ReturnType<Settings[Name]['parse']> }> & {
  /** No issuer and no database server are configured: own token issuer, GraphiQL, loopback only. */
  readonly developmentMode: boolean
}

/** The configuration is invalid. `problems` has one sentence for each problem. */
export class ConfigError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    )
    this.problems = problems
  }
}

/** How people use the console: as a persona of development mode, or logged in at a provider; null where it is off. */
export function consoleModeOf(config: Config): 'development' | 'oidc' | null {
  if (config.CONSOLE === 'off') return null
  if (config.developmentMode) return 'development'
  return config.CONSOLE_OIDC_ISSUER === null ? null : 'oidc'
}

const loopbackHosts = ['127.0.0.1', '::1', 'localhost']

/**
 * Reads all settings from an environment; an empty variable counts as not set.
 *
 * @throws ConfigError that lists every problem at once
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const values: Record<string, unknown> = {}
  const unreadable: string[] = []
  const problems: string[] = []
  for (const [name, setting] of Object.entries(settings)) {
    const given = environment[name]
    try {
      values[name] = setting.parse(given === undefined || given === '' ? setting.default : given)
    } catch (error) {
      unreadable.push(name)
      problems.push(`${name} ${error instanceof Error ? error.message : 'cannot be read'}`)
      values[name] = setting.parse(setting.default)
    }
  }
  const parsed = values as Config
  const config: Config = {
    ...parsed,
    developmentMode:
      parsed.AUTH_ISSUER === null && parsed.AUTH_ISSUERS_FILE === null && parsed.DATABASE_URL === null,
  }
  // An inconsistency with the default of an invalid setting may not exist with the intended value.
  const isCertain = (problem: string) => !unreadable.some((name) => problem.includes(name))
  problems.push(...inconsistencies(config).filter(isCertain))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

function inconsistencies(config: Config): string[] {
  const problems: string[] = []
  if (config.METRICS_PORT !== null && config.METRICS_PORT !== 0 && config.METRICS_PORT === config.PORT) {
    problems.push('METRICS_PORT must not be PORT: metrics are kept apart from the API')
  }
  if ((config.TLS_CERT_FILE === null) !== (config.TLS_KEY_FILE === null)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE need each other')
  }
  if (config.CONSOLE === 'on' && !config.developmentMode && config.CONSOLE_OIDC_ISSUER === null) {
    problems.push(
      'CONSOLE=on needs development mode, or a login: set CONSOLE_OIDC_ISSUER (docs/console-login.md), or leave it at "auto"',
    )
  }
  problems.push(...loginProblems(config))
  if (config.DATABASE_URL === null && config.WORKERS !== 'auto' && config.WORKERS > 1) {
    problems.push(
      'WORKERS above 1 needs DATABASE_URL: the embedded database can be opened by one process. Use PostgreSQL, or set WORKERS to 1 or auto',
    )
  }
  if (config.DATABASE_LISTEN_URL !== null && config.DATABASE_URL === null) {
    problems.push('DATABASE_LISTEN_URL needs DATABASE_URL: it is another address of the same database')
  }
  if (config.developmentMode) {
    if (!loopbackHosts.includes(config.HOST)) {
      problems.push(
        'HOST must be a loopback address in development mode: set AUTH_ISSUER and AUTH_JWKS_URL to serve others',
      )
    }
    if (config.NODE_ENV === 'production') {
      problems.push(
        'NODE_ENV=production does not go with development mode: set AUTH_ISSUER and AUTH_JWKS_URL',
      )
    }
  } else if (config.AUTH_ISSUER === null) {
    if (config.AUTH_ISSUERS_FILE === null) {
      problems.push('AUTH_ISSUER must be set together with DATABASE_URL')
    }
    if (config.AUTH_JWKS_URL !== null || config.AUTH_JWKS_FILE !== null) {
      problems.push(
        'AUTH_JWKS_URL and AUTH_JWKS_FILE need AUTH_ISSUER: an issuer of AUTH_ISSUERS_FILE names its own',
      )
    }
  } else if ((config.AUTH_JWKS_URL === null) === (config.AUTH_JWKS_FILE === null)) {
    problems.push('AUTH_ISSUER needs exactly one of AUTH_JWKS_URL and AUTH_JWKS_FILE')
  }
  if (config.ROOT_KEY_PROVIDER === 'env' && config.ROOT_KEY === null) {
    problems.push('ROOT_KEY must be set for ROOT_KEY_PROVIDER=env (make one with: openssl rand -base64 32)')
  }
  if (config.ROOT_KEY_PREVIOUS_PROVIDER === config.ROOT_KEY_PROVIDER) {
    problems.push(
      'ROOT_KEY_PREVIOUS_PROVIDER must not be ROOT_KEY_PROVIDER: each kind keeps its own former root keys',
    )
  }
  if ([config.ROOT_KEY_PROVIDER, config.ROOT_KEY_PREVIOUS_PROVIDER].includes('pkcs11')) {
    for (const name of ['PKCS11_LIBRARY', 'PKCS11_TOKEN'] as const) {
      if (config[name] === null) problems.push(`${name} must be set to use root keys in an HSM`)
    }
    if ((config.PKCS11_PIN === null) === (config.PKCS11_PIN_FILE === null)) {
      problems.push('Root keys in an HSM need exactly one of PKCS11_PIN_FILE and PKCS11_PIN')
    }
  }
  if ((config.AUDIT_SINK_WEBHOOK_URL === null) !== (config.AUDIT_SINK_WEBHOOK_SECRET_FILE === null)) {
    problems.push('AUDIT_SINK_WEBHOOK_URL and AUDIT_SINK_WEBHOOK_SECRET_FILE need each other')
  }
  if ((config.AUDIT_SINK_S3_BUCKET_URL === null) !== (config.AUDIT_SINK_S3_CREDENTIALS_FILE === null)) {
    problems.push('AUDIT_SINK_S3_BUCKET_URL and AUDIT_SINK_S3_CREDENTIALS_FILE need each other')
  }
  if (config.AUDIT_SINK_OTLP_URL === null && config.AUDIT_SINK_OTLP_HEADERS_FILE !== null) {
    problems.push('AUDIT_SINK_OTLP_HEADERS_FILE needs AUDIT_SINK_OTLP_URL')
  }
  if (config.RATE_LIMIT_UNITS !== 0 && config.RATE_LIMIT_UNITS < config.BATCH_ITEMS_MAX) {
    problems.push('RATE_LIMIT_UNITS must not be below BATCH_ITEMS_MAX, unless it is 0')
  }
  if ((config.TRUSTED_DOCUMENTS === 'off') !== (config.TRUSTED_DOCUMENTS_FILE === null)) {
    problems.push('TRUSTED_DOCUMENTS other than "off" and TRUSTED_DOCUMENTS_FILE need each other')
  }
  if (config.DESTROY_WAITING_DAYS_DEFAULT < config.DESTROY_WAITING_DAYS_MIN) {
    problems.push('DESTROY_WAITING_DAYS_DEFAULT must not be below DESTROY_WAITING_DAYS_MIN')
  }
  return problems
}

function loginProblems(config: Config): string[] {
  const problems: string[] = []
  if (config.CONSOLE_OIDC_ISSUER === null) {
    const useless = ['CLIENT_ID', 'CLIENT_SECRET', 'CLIENT_SECRET_FILE'] as const
    for (const name of [
      ...useless.map((each) => `CONSOLE_OIDC_${each}` as const),
      'CLI_OIDC_CLIENT_ID' as const,
    ]) {
      if (config[name] !== null) problems.push(`${name} needs CONSOLE_OIDC_ISSUER`)
    }
    return problems
  }
  if (config.developmentMode) {
    problems.push(
      'CONSOLE_OIDC_ISSUER does not go with development mode: set AUTH_ISSUER and AUTH_JWKS_URL, or AUTH_ISSUERS_FILE',
    )
  }
  for (const name of ['CONSOLE_OIDC_CLIENT_ID', 'CONSOLE_URL'] as const) {
    if (config[name] === null) problems.push(`CONSOLE_OIDC_ISSUER needs ${name}`)
  }
  const secrets = [config.CONSOLE_OIDC_CLIENT_SECRET, config.CONSOLE_OIDC_CLIENT_SECRET_FILE].filter(Boolean)
  if (secrets.length > 1) {
    problems.push('Only one of CONSOLE_OIDC_CLIENT_SECRET_FILE and CONSOLE_OIDC_CLIENT_SECRET may be set')
  }
  if (config.CONSOLE_OIDC_EXCHANGE === 'browser' && secrets.length > 0) {
    problems.push(
      'CONSOLE_OIDC_EXCHANGE=browser needs a client without a secret: a browser cannot keep one. Use "server", or register a public client',
    )
  }
  return problems
}
