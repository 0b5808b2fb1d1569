// Made from the schema by `npm run print`; do not edit.

/** An operation of the API: its document, and what of its arguments and result is converted. */
export interface OperationDefinition {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly document: string
  /** Type of the result that is not an error; null for queries and subscriptions. */
  readonly payload: string | null
  /** The result may be null although nothing failed. */
  readonly isNullable: boolean
  /** Conversions of its arguments. */
  readonly inputs: Readonly<Record<string, string>>
  /** Conversion of its result; null if it has nothing to convert. */
  readonly output: string | null
}

/** Every operation of the API. */
export const operations = {
  auditEvents: {
    kind: 'query',
    document: "query AuditEvents($first:Int$after:String$last:Int$before:String$filter:AuditEventFilter){auditEvents(first:$first after:$after last:$last before:$before filter:$filter){...AuditEventConnection}}fragment AuditEventConnection on AuditEventConnection{nodes{...AuditEvent}pageInfo{...PageInfo}totalCount}fragment AuditEvent on AuditEvent{id occurredAt action outcome errorCode actor{...Subject}actorDisplayName tokenId clientAddress requestId keyId keyName keyRevision versionNumber versionNumbers context{...EncryptionContextPair}sourceContext{...EncryptionContextPair}details}fragment PageInfo on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}fragment Subject on Subject{id kind name}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: null,
    isNullable: false,
    inputs: { filter: 'AuditEventFilter' },
    output: 'AuditEventConnection',
  },
  destroyImpact: {
    kind: 'query',
    document: "query DestroyImpact($version:KeyVersionRef!){destroyImpact(version:$version){...DestroyImpact}}fragment DestroyImpact on DestroyImpact{version{...KeyVersion}verdict summary since recordsSince operations failedOperations callers{...VersionCaller}}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment VersionCaller on VersionCaller{caller{...Subject}operation operations failedOperations lastUsedAt}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment Subject on Subject{id kind name}",
    payload: null,
    isNullable: true,
    inputs: {},
    output: null,
  },
  explainAccess: {
    kind: 'query',
    document: "query ExplainAccess($key:KeyRef!$subject:SubjectRef!$groups:[String!]$roles:[Role!]$operation:KeyOperation!$context:[EncryptionContextPairInput!]){explainAccess(key:$key subject:$subject groups:$groups roles:$roles operation:$operation context:$context){...AccessExplanation}}fragment AccessExplanation on AccessExplanation{allowed visibility grantedBy{...AccessReason}missing{...AccessReason}rolesThatSuffice}fragment AccessReason on AccessReason{kind subject{...Subject}roles message}fragment Subject on Subject{id kind name}",
    payload: null,
    isNullable: true,
    inputs: { context: 'context' },
    output: null,
  },
  explainMyAccess: {
    kind: 'query',
    document: "query ExplainMyAccess($key:KeyRef!$operation:KeyOperation!$context:[EncryptionContextPairInput!]){explainMyAccess(key:$key operation:$operation context:$context){...AccessExplanation}}fragment AccessExplanation on AccessExplanation{allowed visibility grantedBy{...AccessReason}missing{...AccessReason}rolesThatSuffice}fragment AccessReason on AccessReason{kind subject{...Subject}roles message}fragment Subject on Subject{id kind name}",
    payload: null,
    isNullable: true,
    inputs: { context: 'context' },
    output: null,
  },
  keyAlgorithms: {
    kind: 'query',
    document: "query KeyAlgorithms($usage:KeyUsage$type:KeyType){keyAlgorithms(usage:$usage type:$type){...KeyAlgorithmInfo}}fragment KeyAlgorithmInfo on KeyAlgorithmInfo{algorithm displayName type usages securityBits standard description signingAlgorithms encryptionAlgorithms}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  node: {
    kind: 'query',
    document: "query Node($id:ID!){node(id:$id){__typename ...on KeyVersion{...KeyVersion}...on ServiceKey{...ServiceKey}...on AuditEvent{...AuditEvent}...on UserKey{...UserKey}...on RoleBinding{...RoleBinding}}}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment ServiceKey on ServiceKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt service}fragment AuditEvent on AuditEvent{id occurredAt action outcome errorCode actor{...Subject}actorDisplayName tokenId clientAddress requestId keyId keyName keyRevision versionNumber versionNumbers context{...EncryptionContextPair}sourceContext{...EncryptionContextPair}details}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment RoleBinding on RoleBinding{id subject{...Subject}role expiresAt note createdBy{...Subject}createdAt}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment EncryptionContextPair on EncryptionContextPair{name value}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: null,
    isNullable: true,
    inputs: {},
    output: null,
  },
  nodes: {
    kind: 'query',
    document: "query Nodes($ids:[ID!]!){nodes(ids:$ids){__typename ...on KeyVersion{...ListedKeyVersion}...on ServiceKey{...ListedServiceKey}...on AuditEvent{...AuditEvent}...on UserKey{...ListedUserKey}...on RoleBinding{...RoleBinding}}}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment ListedServiceKey on ServiceKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt service}fragment AuditEvent on AuditEvent{id occurredAt action outcome errorCode actor{...Subject}actorDisplayName tokenId clientAddress requestId keyId keyName keyRevision versionNumber versionNumbers context{...EncryptionContextPair}sourceContext{...EncryptionContextPair}details}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment RoleBinding on RoleBinding{id subject{...Subject}role expiresAt note createdBy{...Subject}createdAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment EncryptionContextPair on EncryptionContextPair{name value}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  roleBindings: {
    kind: 'query',
    document: "query RoleBindings($first:Int$after:String$last:Int$before:String$filter:RoleBindingFilter){roleBindings(first:$first after:$after last:$last before:$before filter:$filter){...RoleBindingConnection}}fragment RoleBindingConnection on RoleBindingConnection{nodes{...RoleBinding}pageInfo{...PageInfo}totalCount}fragment RoleBinding on RoleBinding{id subject{...Subject}role expiresAt note createdBy{...Subject}createdAt}fragment PageInfo on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}fragment Subject on Subject{id kind name}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  serviceKey: {
    kind: 'query',
    document: "query ServiceKey($by:ServiceKeyBy!){serviceKey(by:$by){...ServiceKey}}fragment ServiceKey on ServiceKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt service}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}",
    payload: null,
    isNullable: true,
    inputs: {},
    output: null,
  },
  serviceKeys: {
    kind: 'query',
    document: "query ServiceKeys($first:Int$after:String$last:Int$before:String$filter:ServiceKeyFilter){serviceKeys(first:$first after:$after last:$last before:$before filter:$filter){...ServiceKeyConnection}}fragment ServiceKeyConnection on ServiceKeyConnection{nodes{...ListedServiceKey}pageInfo{...PageInfo}totalCount}fragment ListedServiceKey on ServiceKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt service}fragment PageInfo on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  usageSeries: {
    kind: 'query',
    document: "query UsageSeries($from:DateTime!$to:DateTime!$interval:UsageInterval!$filter:UsageSeriesFilter){usageSeries(from:$from to:$to interval:$interval filter:$filter){...UsageSeries}}fragment UsageSeries on UsageSeries{interval from to points{...UsagePoint}}fragment UsagePoint on UsagePoint{start operation succeeded denied failed}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  upcomingEvents: {
    kind: 'query',
    document: "query UpcomingEvents($first:Int$after:String$last:Int$before:String$until:DateTime!){upcomingEvents(first:$first after:$after last:$last before:$before until:$until){...UpcomingEventConnection}}fragment UpcomingEventConnection on UpcomingEventConnection{nodes{...ListedUpcomingEvent}pageInfo{...PageInfo}totalCount}fragment ListedUpcomingEvent on UpcomingEvent{kind at key{...Key}version{...ListedKeyVersion}}fragment PageInfo on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}fragment Key on Key{__typename id partialId name createdAt status type usage algorithm origin canProtect cannotProtectReason lastRotatedAt nextRotationAt}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  userKeyCounts: {
    kind: 'query',
    document: "query UserKeyCounts($filter:UserKeyFilter){userKeyCounts(filter:$filter){...UserKeyCounts}}fragment UserKeyCounts on UserKeyCounts{total redacted byStatus{...UserKeyStatusCount}}fragment UserKeyStatusCount on UserKeyStatusCount{status count}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  userKey: {
    kind: 'query',
    document: "query UserKey($key:KeyRef!){userKey(key:$key){...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: null,
    isNullable: true,
    inputs: {},
    output: 'UserKey',
  },
  userKeys: {
    kind: 'query',
    document: "query UserKeys($first:Int$after:String$last:Int$before:String$filter:UserKeyFilter$orderBy:UserKeyOrder){userKeys(first:$first after:$after last:$last before:$before filter:$filter orderBy:$orderBy){...UserKeyConnection}}fragment UserKeyConnection on UserKeyConnection{nodes{...ListedUserKey}pageInfo{...PageInfo}totalCount}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment PageInfo on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: 'UserKeyConnection',
  },
  viewer: {
    kind: 'query',
    document: "query Viewer{viewer{...Viewer}}fragment Viewer on Viewer{subject{...Subject}displayName kind projectId roles boundRoles groups permissions tokenExpiresAt}fragment Subject on Subject{id kind name}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  activateKeyVersion: {
    kind: 'mutation',
    document: "mutation ActivateKeyVersion($input:ActivateKeyVersionInput!){activateKeyVersion(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on ActivateKeyVersionPayload{...ActivateKeyVersionPayload}}}fragment InputIssue on InputIssue{path message}fragment ActivateKeyVersionPayload on ActivateKeyVersionPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'ActivateKeyVersionPayload',
    isNullable: false,
    inputs: {},
    output: 'ActivateKeyVersionPayload',
  },
  activateUserKey: {
    kind: 'mutation',
    document: "mutation ActivateUserKey($input:ActivateUserKeyInput!){activateUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyOriginError{origin}...on OtherError{codeText}...on ActivateUserKeyPayload{...ActivateUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment ActivateUserKeyPayload on ActivateUserKeyPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'ActivateUserKeyPayload',
    isNullable: false,
    inputs: {},
    output: 'ActivateUserKeyPayload',
  },
  addAllowedSubjects: {
    kind: 'mutation',
    document: "mutation AddAllowedSubjects($input:AddAllowedSubjectsInput!){addAllowedSubjects(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on AddAllowedSubjectsPayload{...AddAllowedSubjectsPayload}}}fragment InputIssue on InputIssue{path message}fragment AddAllowedSubjectsPayload on AddAllowedSubjectsPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'AddAllowedSubjectsPayload',
    isNullable: false,
    inputs: { input: 'AddAllowedSubjectsInput' },
    output: 'AddAllowedSubjectsPayload',
  },
  bindRole: {
    kind: 'mutation',
    document: "mutation BindRole($input:BindRoleInput!){bindRole(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on BindRolePayload{...BindRolePayload}}}fragment InputIssue on InputIssue{path message}fragment BindRolePayload on BindRolePayload{roleBinding{...RoleBinding}}fragment RoleBinding on RoleBinding{id subject{...Subject}role expiresAt note createdBy{...Subject}createdAt}fragment Subject on Subject{id kind name}",
    payload: 'BindRolePayload',
    isNullable: false,
    inputs: {},
    output: null,
  },
  configureAutomaticRotation: {
    kind: 'mutation',
    document: "mutation ConfigureAutomaticRotation($input:ConfigureAutomaticRotationInput!){configureAutomaticRotation(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyOriginError{origin}...on OtherError{codeText}...on ConfigureAutomaticRotationPayload{...ConfigureAutomaticRotationPayload}}}fragment InputIssue on InputIssue{path message}fragment ConfigureAutomaticRotationPayload on ConfigureAutomaticRotationPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'ConfigureAutomaticRotationPayload',
    isNullable: false,
    inputs: {},
    output: 'ConfigureAutomaticRotationPayload',
  },
  createAlias: {
    kind: 'mutation',
    document: "mutation CreateAlias($input:CreateAliasInput!){createAlias(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on NameTakenError{name}...on OtherError{codeText}...on CreateAliasPayload{...CreateAliasPayload}}}fragment InputIssue on InputIssue{path message}fragment CreateAliasPayload on CreateAliasPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'CreateAliasPayload',
    isNullable: false,
    inputs: {},
    output: 'CreateAliasPayload',
  },
  createUserKey: {
    kind: 'mutation',
    document: "mutation CreateUserKey($input:CreateUserKeyInput!){createUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on NameTakenError{name}...on OtherError{codeText}...on CreateUserKeyPayload{...CreateUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment CreateUserKeyPayload on CreateUserKeyPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'CreateUserKeyPayload',
    isNullable: false,
    inputs: { input: 'CreateUserKeyInput' },
    output: 'CreateUserKeyPayload',
  },
  deactivateKeyVersion: {
    kind: 'mutation',
    document: "mutation DeactivateKeyVersion($input:DeactivateKeyVersionInput!){deactivateKeyVersion(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DeactivateKeyVersionPayload{...DeactivateKeyVersionPayload}}}fragment InputIssue on InputIssue{path message}fragment DeactivateKeyVersionPayload on DeactivateKeyVersionPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'DeactivateKeyVersionPayload',
    isNullable: false,
    inputs: {},
    output: 'DeactivateKeyVersionPayload',
  },
  deactivateKeyVersionBatch: {
    kind: 'mutation',
    document: "mutation DeactivateKeyVersionBatch($input:DeactivateKeyVersionBatchInput!){deactivateKeyVersionBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on DeactivateKeyVersionBatchPayload{...DeactivateKeyVersionBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment DeactivateKeyVersionBatchPayload on DeactivateKeyVersionBatchPayload{results{...DeactivateKeyVersionBatchItem}}fragment DeactivateKeyVersionBatchItem on DeactivateKeyVersionBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DeactivateKeyVersionPayload{...ListedDeactivateKeyVersionPayload}}}fragment ListedDeactivateKeyVersionPayload on DeactivateKeyVersionPayload{userKey{...ListedUserKey}version{...ListedKeyVersion}}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: 'DeactivateKeyVersionBatchPayload',
    isNullable: false,
    inputs: {},
    output: 'DeactivateKeyVersionBatchPayload',
  },
  decryptWithServiceKey: {
    kind: 'mutation',
    document: "mutation DecryptWithServiceKey($input:DecryptWithServiceKeyInput!){decryptWithServiceKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DecryptWithServiceKeyPayload{...DecryptWithServiceKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment DecryptWithServiceKeyPayload on DecryptWithServiceKeyPayload{plaintext keyId versionNumber}",
    payload: 'DecryptWithServiceKeyPayload',
    isNullable: false,
    inputs: { input: 'DecryptWithServiceKeyInput' },
    output: 'DecryptWithServiceKeyPayload',
  },
  decrypt: {
    kind: 'mutation',
    document: "mutation Decrypt($input:DecryptInput!){decrypt(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on DecryptPayload{...DecryptPayload}}}fragment InputIssue on InputIssue{path message}fragment DecryptPayload on DecryptPayload{plaintext keyId versionNumber}",
    payload: 'DecryptPayload',
    isNullable: false,
    inputs: { input: 'DecryptInput' },
    output: 'DecryptPayload',
  },
  decryptBatch: {
    kind: 'mutation',
    document: "mutation DecryptBatch($input:DecryptBatchInput!){decryptBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on DecryptBatchPayload{...DecryptBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment DecryptBatchPayload on DecryptBatchPayload{results{...DecryptBatchItem}}fragment DecryptBatchItem on DecryptBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on DecryptPayload{...DecryptPayload}}}fragment DecryptPayload on DecryptPayload{plaintext keyId versionNumber}",
    payload: 'DecryptBatchPayload',
    isNullable: false,
    inputs: { input: 'DecryptBatchInput' },
    output: 'DecryptBatchPayload',
  },
  deleteAlias: {
    kind: 'mutation',
    document: "mutation DeleteAlias($input:DeleteAliasInput!){deleteAlias(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on DeleteAliasPayload{...DeleteAliasPayload}}}fragment InputIssue on InputIssue{path message}fragment DeleteAliasPayload on DeleteAliasPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'DeleteAliasPayload',
    isNullable: false,
    inputs: {},
    output: 'DeleteAliasPayload',
  },
  deleteUserKey: {
    kind: 'mutation',
    document: "mutation DeleteUserKey($input:DeleteUserKeyInput!){deleteUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DeleteUserKeyPayload{...DeleteUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment DeleteUserKeyPayload on DeleteUserKeyPayload{deletedKeyId deletedKeyName}",
    payload: 'DeleteUserKeyPayload',
    isNullable: false,
    inputs: {},
    output: null,
  },
  destroyKeyVersion: {
    kind: 'mutation',
    document: "mutation DestroyKeyVersion($input:DestroyKeyVersionInput!){destroyKeyVersion(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DestroyKeyVersionPayload{...DestroyKeyVersionPayload}}}fragment InputIssue on InputIssue{path message}fragment DestroyKeyVersionPayload on DestroyKeyVersionPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'DestroyKeyVersionPayload',
    isNullable: false,
    inputs: {},
    output: 'DestroyKeyVersionPayload',
  },
  destroyKeyVersionBatch: {
    kind: 'mutation',
    document: "mutation DestroyKeyVersionBatch($input:DestroyKeyVersionBatchInput!){destroyKeyVersionBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on DestroyKeyVersionBatchPayload{...DestroyKeyVersionBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment DestroyKeyVersionBatchPayload on DestroyKeyVersionBatchPayload{results{...DestroyKeyVersionBatchItem}}fragment DestroyKeyVersionBatchItem on DestroyKeyVersionBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on DestroyKeyVersionPayload{...ListedDestroyKeyVersionPayload}}}fragment ListedDestroyKeyVersionPayload on DestroyKeyVersionPayload{userKey{...ListedUserKey}version{...ListedKeyVersion}}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: 'DestroyKeyVersionBatchPayload',
    isNullable: false,
    inputs: {},
    output: 'DestroyKeyVersionBatchPayload',
  },
  disableAccessControl: {
    kind: 'mutation',
    document: "mutation DisableAccessControl($input:DisableAccessControlInput!){disableAccessControl(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on DisableAccessControlPayload{...DisableAccessControlPayload}}}fragment InputIssue on InputIssue{path message}fragment DisableAccessControlPayload on DisableAccessControlPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'DisableAccessControlPayload',
    isNullable: false,
    inputs: {},
    output: 'DisableAccessControlPayload',
  },
  enableAccessControl: {
    kind: 'mutation',
    document: "mutation EnableAccessControl($input:EnableAccessControlInput!){enableAccessControl(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on EnableAccessControlPayload{...EnableAccessControlPayload}}}fragment InputIssue on InputIssue{path message}fragment EnableAccessControlPayload on EnableAccessControlPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'EnableAccessControlPayload',
    isNullable: false,
    inputs: { input: 'EnableAccessControlInput' },
    output: 'EnableAccessControlPayload',
  },
  encryptWithServiceKey: {
    kind: 'mutation',
    document: "mutation EncryptWithServiceKey($input:EncryptWithServiceKeyInput!){encryptWithServiceKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on EncryptWithServiceKeyPayload{...EncryptWithServiceKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment EncryptWithServiceKeyPayload on EncryptWithServiceKeyPayload{ciphertext keyId versionNumber}",
    payload: 'EncryptWithServiceKeyPayload',
    isNullable: false,
    inputs: { input: 'EncryptWithServiceKeyInput' },
    output: 'EncryptWithServiceKeyPayload',
  },
  encrypt: {
    kind: 'mutation',
    document: "mutation Encrypt($input:EncryptInput!){encrypt(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on EncryptPayload{...EncryptPayload}}}fragment InputIssue on InputIssue{path message}fragment EncryptPayload on EncryptPayload{ciphertext keyId versionNumber}",
    payload: 'EncryptPayload',
    isNullable: false,
    inputs: { input: 'EncryptInput' },
    output: 'EncryptPayload',
  },
  encryptBatch: {
    kind: 'mutation',
    document: "mutation EncryptBatch($input:EncryptBatchInput!){encryptBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on EncryptBatchPayload{...EncryptBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment EncryptBatchPayload on EncryptBatchPayload{results{...EncryptBatchItem}}fragment EncryptBatchItem on EncryptBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on EncryptPayload{...EncryptPayload}}}fragment EncryptPayload on EncryptPayload{ciphertext keyId versionNumber}",
    payload: 'EncryptBatchPayload',
    isNullable: false,
    inputs: { input: 'EncryptBatchInput' },
    output: 'EncryptBatchPayload',
  },
  generateDataKey: {
    kind: 'mutation',
    document: "mutation GenerateDataKey($input:GenerateDataKeyInput!){generateDataKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on GenerateDataKeyPayload{...GenerateDataKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateDataKeyPayload on GenerateDataKeyPayload{ciphertext plaintext keyId versionNumber}",
    payload: 'GenerateDataKeyPayload',
    isNullable: false,
    inputs: { input: 'GenerateDataKeyInput' },
    output: 'GenerateDataKeyPayload',
  },
  generateServiceDataKey: {
    kind: 'mutation',
    document: "mutation GenerateServiceDataKey($input:GenerateServiceDataKeyInput!){generateServiceDataKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on GenerateServiceDataKeyPayload{...GenerateServiceDataKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateServiceDataKeyPayload on GenerateServiceDataKeyPayload{ciphertext plaintext keyId versionNumber}",
    payload: 'GenerateServiceDataKeyPayload',
    isNullable: false,
    inputs: { input: 'GenerateServiceDataKeyInput' },
    output: 'GenerateServiceDataKeyPayload',
  },
  getImportParameters: {
    kind: 'mutation',
    document: "mutation GetImportParameters($input:GetImportParametersInput!){getImportParameters(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyOriginError{origin}...on OtherError{codeText}...on GetImportParametersPayload{...GetImportParametersPayload}}}fragment InputIssue on InputIssue{path message}fragment GetImportParametersPayload on GetImportParametersPayload{importParameters{...ImportParameters}}fragment ImportParameters on ImportParameters{id publicKey{...PublicKey}materialFormat materialBytes expiresAt}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}",
    payload: 'GetImportParametersPayload',
    isNullable: false,
    inputs: {},
    output: null,
  },
  importKeyVersion: {
    kind: 'mutation',
    document: "mutation ImportKeyVersion($input:ImportKeyVersionInput!){importKeyVersion(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyOriginError{origin}...on InvalidImportParametersError{importParametersFault}...on InvalidKeyMaterialError{keyMaterialFault}...on OtherError{codeText}...on ImportKeyVersionPayload{...ImportKeyVersionPayload}}}fragment InputIssue on InputIssue{path message}fragment ImportKeyVersionPayload on ImportKeyVersionPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'ImportKeyVersionPayload',
    isNullable: false,
    inputs: { input: 'ImportKeyVersionInput' },
    output: 'ImportKeyVersionPayload',
  },
  publishJwks: {
    kind: 'mutation',
    document: "mutation PublishJwks($input:PublishJwksInput!){publishJwks(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyOriginError{origin}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on PublishJwksPayload{...PublishJwksPayload}}}fragment InputIssue on InputIssue{path message}fragment PublishJwksPayload on PublishJwksPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'PublishJwksPayload',
    isNullable: false,
    inputs: {},
    output: 'PublishJwksPayload',
  },
  unpublishJwks: {
    kind: 'mutation',
    document: "mutation UnpublishJwks($input:UnpublishJwksInput!){unpublishJwks(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on UnpublishJwksPayload{...UnpublishJwksPayload}}}fragment InputIssue on InputIssue{path message}fragment UnpublishJwksPayload on UnpublishJwksPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'UnpublishJwksPayload',
    isNullable: false,
    inputs: {},
    output: 'UnpublishJwksPayload',
  },
  reEncrypt: {
    kind: 'mutation',
    document: "mutation ReEncrypt($input:ReEncryptInput!){reEncrypt(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on ReEncryptPayload{...ReEncryptPayload}}}fragment InputIssue on InputIssue{path message}fragment ReEncryptPayload on ReEncryptPayload{ciphertext sourceKeyId sourceVersionNumber keyId versionNumber}",
    payload: 'ReEncryptPayload',
    isNullable: false,
    inputs: { input: 'ReEncryptInput' },
    output: 'ReEncryptPayload',
  },
  reEncryptBatch: {
    kind: 'mutation',
    document: "mutation ReEncryptBatch($input:ReEncryptBatchInput!){reEncryptBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on ReEncryptBatchPayload{...ReEncryptBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment ReEncryptBatchPayload on ReEncryptBatchPayload{results{...ReEncryptBatchItem}}fragment ReEncryptBatchItem on ReEncryptBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on ReEncryptPayload{...ReEncryptPayload}}}fragment ReEncryptPayload on ReEncryptPayload{ciphertext sourceKeyId sourceVersionNumber keyId versionNumber}",
    payload: 'ReEncryptBatchPayload',
    isNullable: false,
    inputs: { input: 'ReEncryptBatchInput' },
    output: 'ReEncryptBatchPayload',
  },
  removeAllowedSubjects: {
    kind: 'mutation',
    document: "mutation RemoveAllowedSubjects($input:RemoveAllowedSubjectsInput!){removeAllowedSubjects(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on RemoveAllowedSubjectsPayload{...RemoveAllowedSubjectsPayload}}}fragment InputIssue on InputIssue{path message}fragment RemoveAllowedSubjectsPayload on RemoveAllowedSubjectsPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'RemoveAllowedSubjectsPayload',
    isNullable: false,
    inputs: {},
    output: 'RemoveAllowedSubjectsPayload',
  },
  labelUserKey: {
    kind: 'mutation',
    document: "mutation LabelUserKey($input:LabelUserKeyInput!){labelUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on LabelUserKeyPayload{...LabelUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment LabelUserKeyPayload on LabelUserKeyPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'LabelUserKeyPayload',
    isNullable: false,
    inputs: {},
    output: 'LabelUserKeyPayload',
  },
  labelUserKeyBatch: {
    kind: 'mutation',
    document: "mutation LabelUserKeyBatch($input:LabelUserKeyBatchInput!){labelUserKeyBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on LabelUserKeyBatchPayload{...LabelUserKeyBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment LabelUserKeyBatchPayload on LabelUserKeyBatchPayload{results{...LabelUserKeyBatchItem}}fragment LabelUserKeyBatchItem on LabelUserKeyBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on LabelUserKeyPayload{...ListedLabelUserKeyPayload}}}fragment ListedLabelUserKeyPayload on LabelUserKeyPayload{userKey{...ListedUserKey}}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: 'LabelUserKeyBatchPayload',
    isNullable: false,
    inputs: {},
    output: 'LabelUserKeyBatchPayload',
  },
  repointAlias: {
    kind: 'mutation',
    document: "mutation RepointAlias($input:RepointAliasInput!){repointAlias(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on RepointAliasPayload{...RepointAliasPayload}}}fragment InputIssue on InputIssue{path message}fragment RepointAliasPayload on RepointAliasPayload{userKey{...UserKey}previousUserKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'RepointAliasPayload',
    isNullable: false,
    inputs: {},
    output: 'RepointAliasPayload',
  },
  restoreKeyVersion: {
    kind: 'mutation',
    document: "mutation RestoreKeyVersion($input:RestoreKeyVersionInput!){restoreKeyVersion(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on OtherError{codeText}...on RestoreKeyVersionPayload{...RestoreKeyVersionPayload}}}fragment InputIssue on InputIssue{path message}fragment RestoreKeyVersionPayload on RestoreKeyVersionPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'RestoreKeyVersionPayload',
    isNullable: false,
    inputs: {},
    output: 'RestoreKeyVersionPayload',
  },
  rotateUserKey: {
    kind: 'mutation',
    document: "mutation RotateUserKey($input:RotateUserKeyInput!){rotateUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyOriginError{origin}...on OtherError{codeText}...on RotateUserKeyPayload{...RotateUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment RotateUserKeyPayload on RotateUserKeyPayload{userKey{...UserKey}version{...KeyVersion}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'RotateUserKeyPayload',
    isNullable: false,
    inputs: {},
    output: 'RotateUserKeyPayload',
  },
  rotateUserKeyBatch: {
    kind: 'mutation',
    document: "mutation RotateUserKeyBatch($input:RotateUserKeyBatchInput!){rotateUserKeyBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on RotateUserKeyBatchPayload{...RotateUserKeyBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment RotateUserKeyBatchPayload on RotateUserKeyBatchPayload{results{...RotateUserKeyBatchItem}}fragment RotateUserKeyBatchItem on RotateUserKeyBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyOriginError{origin}...on OtherError{codeText}...on RotateUserKeyPayload{...ListedRotateUserKeyPayload}}}fragment ListedRotateUserKeyPayload on RotateUserKeyPayload{userKey{...ListedUserKey}version{...ListedKeyVersion}}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: 'RotateUserKeyBatchPayload',
    isNullable: false,
    inputs: {},
    output: 'RotateUserKeyBatchPayload',
  },
  sign: {
    kind: 'mutation',
    document: "mutation Sign($input:SignInput!){sign(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on SignPayload{...SignPayload}}}fragment InputIssue on InputIssue{path message}fragment SignPayload on SignPayload{signature signingAlgorithm keyId versionNumber}",
    payload: 'SignPayload',
    isNullable: false,
    inputs: { input: 'SignInput' },
    output: 'SignPayload',
  },
  signBatch: {
    kind: 'mutation',
    document: "mutation SignBatch($input:SignBatchInput!){signBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on SignBatchPayload{...SignBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment SignBatchPayload on SignBatchPayload{results{...SignBatchItem}}fragment SignBatchItem on SignBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on SignPayload{...SignPayload}}}fragment SignPayload on SignPayload{signature signingAlgorithm keyId versionNumber}",
    payload: 'SignBatchPayload',
    isNullable: false,
    inputs: { input: 'SignBatchInput' },
    output: 'SignBatchPayload',
  },
  transferOwnership: {
    kind: 'mutation',
    document: "mutation TransferOwnership($input:TransferOwnershipInput!){transferOwnership(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on OtherError{codeText}...on TransferOwnershipPayload{...TransferOwnershipPayload}}}fragment InputIssue on InputIssue{path message}fragment TransferOwnershipPayload on TransferOwnershipPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'TransferOwnershipPayload',
    isNullable: false,
    inputs: {},
    output: 'TransferOwnershipPayload',
  },
  unbindRole: {
    kind: 'mutation',
    document: "mutation UnbindRole($input:UnbindRoleInput!){unbindRole(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on UnbindRolePayload{...UnbindRolePayload}}}fragment InputIssue on InputIssue{path message}fragment UnbindRolePayload on UnbindRolePayload{roleBinding{...RoleBinding}}fragment RoleBinding on RoleBinding{id subject{...Subject}role expiresAt note createdBy{...Subject}createdAt}fragment Subject on Subject{id kind name}",
    payload: 'UnbindRolePayload',
    isNullable: false,
    inputs: {},
    output: null,
  },
  updateUserKey: {
    kind: 'mutation',
    document: "mutation UpdateUserKey($input:UpdateUserKeyInput!){updateUserKey(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on ConflictError{currentRevision currentDefaultVersionNumber}...on NameTakenError{name}...on OtherError{codeText}...on UpdateUserKeyPayload{...UpdateUserKeyPayload}}}fragment InputIssue on InputIssue{path message}fragment UpdateUserKeyPayload on UpdateUserKeyPayload{userKey{...UserKey}}fragment UserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...KeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}accessList{...AccessListEntry}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment KeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt encryptionUsage{...KeyVersionUsage}publicKey{...PublicKey}}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment AccessListEntry on AccessListEntry{subject{...Subject}permissions context{...EncryptionContextPair}expiresAt expired note}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}fragment KeyVersionUsage on KeyVersionUsage{encryptions remainingEncryptions nearLimit}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}fragment EncryptionContextPair on EncryptionContextPair{name value}",
    payload: 'UpdateUserKeyPayload',
    isNullable: false,
    inputs: {},
    output: 'UpdateUserKeyPayload',
  },
  decapsulate: {
    kind: 'mutation',
    document: "mutation Decapsulate($input:DecapsulateInput!){decapsulate(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on DecapsulatePayload{...DecapsulatePayload}}}fragment InputIssue on InputIssue{path message}fragment DecapsulatePayload on DecapsulatePayload{sharedSecret keyId versionNumber}",
    payload: 'DecapsulatePayload',
    isNullable: false,
    inputs: { input: 'DecapsulateInput' },
    output: 'DecapsulatePayload',
  },
  deriveSharedSecret: {
    kind: 'mutation',
    document: "mutation DeriveSharedSecret($input:DeriveSharedSecretInput!){deriveSharedSecret(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on DeriveSharedSecretPayload{...DeriveSharedSecretPayload}}}fragment InputIssue on InputIssue{path message}fragment DeriveSharedSecretPayload on DeriveSharedSecretPayload{sharedSecret keyId versionNumber}",
    payload: 'DeriveSharedSecretPayload',
    isNullable: false,
    inputs: { input: 'DeriveSharedSecretInput' },
    output: 'DeriveSharedSecretPayload',
  },
  encapsulate: {
    kind: 'mutation',
    document: "mutation Encapsulate($input:EncapsulateInput!){encapsulate(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on EncapsulatePayload{...EncapsulatePayload}}}fragment InputIssue on InputIssue{path message}fragment EncapsulatePayload on EncapsulatePayload{sharedSecret ciphertext keyId versionNumber}",
    payload: 'EncapsulatePayload',
    isNullable: false,
    inputs: {},
    output: 'EncapsulatePayload',
  },
  generateDataKeyPair: {
    kind: 'mutation',
    document: "mutation GenerateDataKeyPair($input:GenerateDataKeyPairInput!){generateDataKeyPair(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on EncryptionLimitError{versionNumber}...on OtherError{codeText}...on GenerateDataKeyPairPayload{...GenerateDataKeyPairPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateDataKeyPairPayload on GenerateDataKeyPairPayload{publicKey{...PublicKey}privateKeyCiphertext privateKeyPlaintext keyId versionNumber}fragment PublicKey on PublicKey{pem jwk fingerprint algorithm}",
    payload: 'GenerateDataKeyPairPayload',
    isNullable: false,
    inputs: { input: 'GenerateDataKeyPairInput' },
    output: 'GenerateDataKeyPairPayload',
  },
  generateMac: {
    kind: 'mutation',
    document: "mutation GenerateMac($input:GenerateMacInput!){generateMac(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on GenerateMacPayload{...GenerateMacPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateMacPayload on GenerateMacPayload{mac keyId versionNumber}",
    payload: 'GenerateMacPayload',
    isNullable: false,
    inputs: { input: 'GenerateMacInput' },
    output: 'GenerateMacPayload',
  },
  generateMacBatch: {
    kind: 'mutation',
    document: "mutation GenerateMacBatch($input:GenerateMacBatchInput!){generateMacBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on GenerateMacBatchPayload{...GenerateMacBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateMacBatchPayload on GenerateMacBatchPayload{results{...GenerateMacBatchItem}}fragment GenerateMacBatchItem on GenerateMacBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on GenerateMacPayload{...GenerateMacPayload}}}fragment GenerateMacPayload on GenerateMacPayload{mac keyId versionNumber}",
    payload: 'GenerateMacBatchPayload',
    isNullable: false,
    inputs: { input: 'GenerateMacBatchInput' },
    output: 'GenerateMacBatchPayload',
  },
  generateRandom: {
    kind: 'mutation',
    document: "mutation GenerateRandom($input:GenerateRandomInput!){generateRandom(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on GenerateRandomPayload{...GenerateRandomPayload}}}fragment InputIssue on InputIssue{path message}fragment GenerateRandomPayload on GenerateRandomPayload{bytes}",
    payload: 'GenerateRandomPayload',
    isNullable: false,
    inputs: {},
    output: 'GenerateRandomPayload',
  },
  verifyMac: {
    kind: 'mutation',
    document: "mutation VerifyMac($input:VerifyMacInput!){verifyMac(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on VerifyMacPayload{...VerifyMacPayload}}}fragment InputIssue on InputIssue{path message}fragment VerifyMacPayload on VerifyMacPayload{valid keyId versionNumber}",
    payload: 'VerifyMacPayload',
    isNullable: false,
    inputs: { input: 'VerifyMacInput' },
    output: null,
  },
  verify: {
    kind: 'mutation',
    document: "mutation Verify($input:VerifyInput!){verify(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on VerifyPayload{...VerifyPayload}}}fragment InputIssue on InputIssue{path message}fragment VerifyPayload on VerifyPayload{valid keyId versionNumber}",
    payload: 'VerifyPayload',
    isNullable: false,
    inputs: { input: 'VerifyInput' },
    output: null,
  },
  verifyBatch: {
    kind: 'mutation',
    document: "mutation VerifyBatch($input:VerifyBatchInput!){verifyBatch(input:$input){__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on OtherError{codeText}...on VerifyBatchPayload{...VerifyBatchPayload}}}fragment InputIssue on InputIssue{path message}fragment VerifyBatchPayload on VerifyBatchPayload{results{...VerifyBatchItem}}fragment VerifyBatchItem on VerifyBatchItem{reference result{__typename ...on UserError{code message}...on InputValidationError{issues{...InputIssue}}...on InvalidKeyStateError{keyStatus refusedVersionNumber versionStatus allowed}...on InvalidKeyUsageError{usage algorithm}...on OtherError{codeText}...on VerifyPayload{...VerifyPayload}}}fragment VerifyPayload on VerifyPayload{valid keyId versionNumber}",
    payload: 'VerifyBatchPayload',
    isNullable: false,
    inputs: { input: 'VerifyBatchInput' },
    output: 'VerifyBatchPayload',
  },
  keyEvents: {
    kind: 'subscription',
    document: "subscription KeyEvents($key:KeyRef!){keyEvents(key:$key){...KeyEvent}}fragment KeyEvent on KeyEvent{changes key{...Key}goneKeyIds at}fragment Key on Key{__typename id partialId name createdAt status type usage algorithm origin canProtect cannotProtectReason lastRotatedAt nextRotationAt}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: null,
  },
  userKeysChanged: {
    kind: 'subscription',
    document: "subscription UserKeysChanged{userKeysChanged{...UserKeysEvent}}fragment UserKeysEvent on UserKeysEvent{changedKeys{...ListedUserKey}goneKeyIds listAgain at}fragment ListedUserKey on UserKey{id partialId name createdAt status type usage algorithm origin defaultVersion{...ListedKeyVersion}canProtect cannotProtectReason automaticRotation{...AutomaticRotation}lastRotatedAt nextRotationAt description accessControlEnabled createdBy{...Subject}viewerCanAccess owner{...Subject}decryptableInGraph jwks{...PublishedKeySet}aliases labels{...Label}updatedAt revision viewerPermissions deletable}fragment ListedKeyVersion on KeyVersion{id number versionStatus isDefault materialOrigin createdAt activatedAt deactivatedAt destroyScheduledFor destroyedAt lastUsedAt}fragment AutomaticRotation on AutomaticRotation{enabled cycleDays}fragment Subject on Subject{id kind name}fragment PublishedKeySet on PublishedKeySet{path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom}fragment Label on Label{name value}",
    payload: null,
    isNullable: false,
    inputs: {},
    output: 'UserKeysEvent',
  },
} as const satisfies Readonly<Record<string, OperationDefinition>>

/** Conversions of the fields of input types: `bytes`, `context`, or another type. */
export const inputConversions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "AuditEventFilter": {
    "context": "context"
  },
  "AddAllowedSubjectsInput": {
    "entries": "AccessListEntryInput"
  },
  "AccessListEntryInput": {
    "context": "context"
  },
  "CreateUserKeyInput": {
    "accessControl": "AccessControlInput"
  },
  "AccessControlInput": {
    "entries": "AccessListEntryInput"
  },
  "DecryptWithServiceKeyInput": {
    "ciphertext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "DecryptInput": {
    "ciphertext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "DecryptBatchInput": {
    "items": "DecryptBatchItemInput"
  },
  "DecryptBatchItemInput": {
    "ciphertext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "EnableAccessControlInput": {
    "entries": "AccessListEntryInput"
  },
  "EncryptWithServiceKeyInput": {
    "plaintext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "EncryptInput": {
    "plaintext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "EncryptBatchInput": {
    "items": "EncryptBatchItemInput"
  },
  "EncryptBatchItemInput": {
    "plaintext": "bytes",
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "GenerateDataKeyInput": {
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "GenerateServiceDataKeyInput": {
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "ImportKeyVersionInput": {
    "wrappedMaterial": "bytes"
  },
  "ReEncryptInput": {
    "ciphertext": "bytes",
    "sourceAdditionalAuthenticatedData": "bytes",
    "sourceContext": "context",
    "destinationAdditionalAuthenticatedData": "bytes",
    "destinationContext": "context"
  },
  "ReEncryptBatchInput": {
    "items": "ReEncryptBatchItemInput"
  },
  "ReEncryptBatchItemInput": {
    "ciphertext": "bytes",
    "sourceAdditionalAuthenticatedData": "bytes",
    "sourceContext": "context",
    "destinationAdditionalAuthenticatedData": "bytes",
    "destinationContext": "context"
  },
  "SignInput": {
    "message": "bytes"
  },
  "SignBatchInput": {
    "items": "SignBatchItemInput"
  },
  "SignBatchItemInput": {
    "message": "bytes"
  },
  "DecapsulateInput": {
    "ciphertext": "bytes"
  },
  "DeriveSharedSecretInput": {
    "peerPublicKey": "bytes",
    "context": "bytes"
  },
  "GenerateDataKeyPairInput": {
    "additionalAuthenticatedData": "bytes",
    "context": "context"
  },
  "GenerateMacInput": {
    "message": "bytes"
  },
  "GenerateMacBatchInput": {
    "items": "GenerateMacBatchItemInput"
  },
  "GenerateMacBatchItemInput": {
    "message": "bytes"
  },
  "VerifyMacInput": {
    "message": "bytes",
    "mac": "bytes"
  },
  "VerifyInput": {
    "message": "bytes",
    "signature": "bytes"
  },
  "VerifyBatchInput": {
    "items": "VerifyBatchItemInput"
  },
  "VerifyBatchItemInput": {
    "message": "bytes",
    "signature": "bytes"
  }
}

/** Conversions of the fields of output types. */
export const outputConversions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "AuditEventConnection": {
    "nodes": "AuditEvent"
  },
  "AuditEvent": {
    "context": "context",
    "sourceContext": "context"
  },
  "UserKey": {
    "accessList": "AccessListEntry"
  },
  "AccessListEntry": {
    "context": "context"
  },
  "UserKeyConnection": {
    "nodes": "UserKey"
  },
  "ActivateKeyVersionPayload": {
    "userKey": "UserKey"
  },
  "ActivateUserKeyPayload": {
    "userKey": "UserKey"
  },
  "AddAllowedSubjectsPayload": {
    "userKey": "UserKey"
  },
  "ConfigureAutomaticRotationPayload": {
    "userKey": "UserKey"
  },
  "CreateAliasPayload": {
    "userKey": "UserKey"
  },
  "CreateUserKeyPayload": {
    "userKey": "UserKey"
  },
  "DeactivateKeyVersionPayload": {
    "userKey": "UserKey"
  },
  "DeactivateKeyVersionBatchPayload": {
    "results": "DeactivateKeyVersionBatchItem"
  },
  "DeactivateKeyVersionBatchItem": {
    "result": "DeactivateKeyVersionItemResult"
  },
  "DecryptWithServiceKeyPayload": {
    "plaintext": "bytes"
  },
  "DecryptPayload": {
    "plaintext": "bytes"
  },
  "DecryptBatchPayload": {
    "results": "DecryptBatchItem"
  },
  "DecryptBatchItem": {
    "result": "DecryptItemResult"
  },
  "DeleteAliasPayload": {
    "userKey": "UserKey"
  },
  "DestroyKeyVersionPayload": {
    "userKey": "UserKey"
  },
  "DestroyKeyVersionBatchPayload": {
    "results": "DestroyKeyVersionBatchItem"
  },
  "DestroyKeyVersionBatchItem": {
    "result": "DestroyKeyVersionItemResult"
  },
  "DisableAccessControlPayload": {
    "userKey": "UserKey"
  },
  "EnableAccessControlPayload": {
    "userKey": "UserKey"
  },
  "EncryptWithServiceKeyPayload": {
    "ciphertext": "bytes"
  },
  "EncryptPayload": {
    "ciphertext": "bytes"
  },
  "EncryptBatchPayload": {
    "results": "EncryptBatchItem"
  },
  "EncryptBatchItem": {
    "result": "EncryptItemResult"
  },
  "GenerateDataKeyPayload": {
    "ciphertext": "bytes",
    "plaintext": "bytes"
  },
  "GenerateServiceDataKeyPayload": {
    "ciphertext": "bytes",
    "plaintext": "bytes"
  },
  "ImportKeyVersionPayload": {
    "userKey": "UserKey"
  },
  "PublishJwksPayload": {
    "userKey": "UserKey"
  },
  "UnpublishJwksPayload": {
    "userKey": "UserKey"
  },
  "ReEncryptPayload": {
    "ciphertext": "bytes"
  },
  "ReEncryptBatchPayload": {
    "results": "ReEncryptBatchItem"
  },
  "ReEncryptBatchItem": {
    "result": "ReEncryptItemResult"
  },
  "RemoveAllowedSubjectsPayload": {
    "userKey": "UserKey"
  },
  "LabelUserKeyPayload": {
    "userKey": "UserKey"
  },
  "LabelUserKeyBatchPayload": {
    "results": "LabelUserKeyBatchItem"
  },
  "LabelUserKeyBatchItem": {
    "result": "LabelUserKeyItemResult"
  },
  "RepointAliasPayload": {
    "userKey": "UserKey",
    "previousUserKey": "UserKey"
  },
  "RestoreKeyVersionPayload": {
    "userKey": "UserKey"
  },
  "RotateUserKeyPayload": {
    "userKey": "UserKey"
  },
  "RotateUserKeyBatchPayload": {
    "results": "RotateUserKeyBatchItem"
  },
  "RotateUserKeyBatchItem": {
    "result": "RotateUserKeyItemResult"
  },
  "SignPayload": {
    "signature": "bytes"
  },
  "SignBatchPayload": {
    "results": "SignBatchItem"
  },
  "SignBatchItem": {
    "result": "SignItemResult"
  },
  "TransferOwnershipPayload": {
    "userKey": "UserKey"
  },
  "UpdateUserKeyPayload": {
    "userKey": "UserKey"
  },
  "DecapsulatePayload": {
    "sharedSecret": "bytes"
  },
  "DeriveSharedSecretPayload": {
    "sharedSecret": "bytes"
  },
  "EncapsulatePayload": {
    "sharedSecret": "bytes",
    "ciphertext": "bytes"
  },
  "GenerateDataKeyPairPayload": {
    "privateKeyCiphertext": "bytes",
    "privateKeyPlaintext": "bytes"
  },
  "GenerateMacPayload": {
    "mac": "bytes"
  },
  "GenerateMacBatchPayload": {
    "results": "GenerateMacBatchItem"
  },
  "GenerateMacBatchItem": {
    "result": "GenerateMacItemResult"
  },
  "GenerateRandomPayload": {
    "bytes": "bytes"
  },
  "VerifyBatchPayload": {
    "results": "VerifyBatchItem"
  },
  "VerifyBatchItem": {
    "result": "VerifyItemResult"
  },
  "UserKeysEvent": {
    "changedKeys": "UserKey"
  }
}

/** Unions of what an item of a batch gives: a payload, or an error. Each with its payload. */
export const itemPayloads: Readonly<Record<string, string>> = {
  "DeactivateKeyVersionItemResult": "DeactivateKeyVersionPayload",
  "DecryptItemResult": "DecryptPayload",
  "DestroyKeyVersionItemResult": "DestroyKeyVersionPayload",
  "EncryptItemResult": "EncryptPayload",
  "ReEncryptItemResult": "ReEncryptPayload",
  "LabelUserKeyItemResult": "LabelUserKeyPayload",
  "RotateUserKeyItemResult": "RotateUserKeyPayload",
  "SignItemResult": "SignPayload",
  "GenerateMacItemResult": "GenerateMacPayload",
  "VerifyItemResult": "VerifyPayload"
}
