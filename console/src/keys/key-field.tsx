import { Autocomplete } from '@base-ui/react/autocomplete'
import { type ReactNode, useEffect, useState } from 'react'
import { useQuery } from 'urql'
import { graphql } from '../api/graphql.ts'
import { FieldFrame } from '../design/fields.tsx'

const keyNamesQuery = graphql(`
  query KeyNames($filter: UserKeyFilter) {
    userKeys(first: 20, filter: $filter, orderBy: { field: NAME, direction: ASC }) {
      nodes {
        id
        name
      }
    }
  }
`)

/** How long the typing must rest before the server is asked. */
const restMs = 250

/** One user key by its name, an alias or its ID: chosen among those that fit what is typed, or typed. */
export function KeyField(props: {
  readonly name: string
  readonly label: string
  readonly hint?: ReactNode
  readonly value: string
  readonly onChange: (value: string) => void
  /** Name of a key that is not offered. */
  readonly without?: string
}) {
  const [isWanted, setWanted] = useState(false)
  const search = useRested(props.value.trim().slice(0, 256))
  const [{ data }] = useQuery({
    query: keyNamesQuery,
    variables: { filter: search === '' ? null : { search } },
    pause: !isWanted,
  })
  const names = (data?.userKeys?.nodes ?? []).map(({ name }) => name).filter((name) => name !== props.without)
  return (
    <FieldFrame name={props.name} label={props.label} hint={props.hint}>
      <Autocomplete.Root
        items={names}
        filter={null}
        value={props.value}
        onValueChange={props.onChange}
        openOnInputClick
      >
        <Autocomplete.Input
          className="input"
          required
          spellCheck={false}
          autoCapitalize="none"
          onFocus={() => setWanted(true)}
        />
        <Autocomplete.Portal>
          <Autocomplete.Positioner sideOffset={4} className="above">
            <Autocomplete.Popup className="menu subject-menu">
              <Autocomplete.List>
                {(name: string) => (
                  <Autocomplete.Item key={name} value={name} className="menu-item">
                    {name}
                  </Autocomplete.Item>
                )}
              </Autocomplete.List>
            </Autocomplete.Popup>
          </Autocomplete.Positioner>
        </Autocomplete.Portal>
      </Autocomplete.Root>
    </FieldFrame>
  )
}

/** A text as it was when it last stayed the same for a moment. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), restMs)
    return () => clearTimeout(timer)
  }, [text])
  return rested
}
