#!/usr/bin/env bash
# Uses Keystead from a shell, with curl and jq: KEYSTEAD_URL=… KEYSTEAD_TOKEN=… ./main.sh
set -euo pipefail

# Sends an operation with its input, and prints its payload. Without one it ends, with the error on standard error.
# The token goes through standard input, since other users can read command lines.
ask() {
  local name=$1 fields=$2 input=$3 type document
  type=${name^}
  document="mutation(\$input: ${type}Input!) {
    $name(input: \$input) { __typename ... on ${type}Payload { $fields } ... on UserError { code message } }
  }"
  printf 'header = "Authorization: Bearer %s"' "$KEYSTEAD_TOKEN" |
    curl --silent --show-error --max-time 30 --config - --header 'Content-Type: application/json' \
      --data-binary @<(jq --null-input --arg query "$document" --argjson input "$input" \
        '{ $query, variables: { $input } }') \
      "$KEYSTEAD_URL/graphql" |
    jq --exit-status --arg name "$name" --arg payload "${type}Payload" '
      if .errors then .errors[0] | "\(.extensions.code): \(.message)\n" | halt_error(1)
      elif .data[$name].__typename == $payload then .data[$name]
      else .data[$name] | "\(.code): \(.message)\n" | halt_error(2) end'
}

# Afterwards the name stands for the key in all calls. A name that is taken is that of the key from the last run.
find_or_create() {
  ask createUserKey 'userKey { id }' "$1" >/dev/null 2>"$errors" || grep --quiet '^NAME_TAKEN' "$errors" || {
    cat "$errors" >&2
    exit 1
  }
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

find_or_create '{ "name": "curl-orders" }'
plaintext=$(printf 'ten pounds of tea' | base64 --wrap=0)
ciphertext=$(ask encrypt ciphertext \
  "{ \"key\": \"curl-orders\", \"plaintext\": \"$plaintext\", \"context\": [{ \"name\": \"order\", \"value\": \"42\" }] }" |
  jq --raw-output .ciphertext)
decrypt() {
  ask decrypt plaintext "{ \"ciphertext\": \"$ciphertext\", \"context\": [{ \"name\": \"order\", \"value\": \"$1\" }] }"
}
echo "decrypted: $(decrypt 42 | jq --raw-output '.plaintext | @base64d')"
decrypt 43 2>"$errors" || echo "another context: $(cut --delimiter=: --fields=1 "$errors")"

find_or_create '{ "name": "curl-signer", "usage": "SIGN_VERIFY", "algorithm": "ED25519" }'
message=$(printf 'I owe you ten pounds of tea' | base64 --wrap=0)
signed=$(ask sign 'signature keyId versionNumber' "{ \"key\": \"curl-signer\", \"message\": \"$message\" }")
for said in 'I owe you ten pounds of tea' 'I owe you nothing'; do
  input=$(jq --arg message "$(printf %s "$said" | base64 --wrap=0)" \
    '{ version: { key: .keyId, number: .versionNumber }, $message, signature }' <<<"$signed")
  echo "valid: $(ask verify valid "$input" | jq .valid)"
done
