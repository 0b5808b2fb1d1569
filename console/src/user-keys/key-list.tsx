import { ViewHeading } from '../components/view-heading.tsx'
import { useViewer } from '../graphql/use-viewer.ts'
import { linkTo } from '../route.ts'
import { createItem } from './create-item.ts'
import { FilterForm } from './filter-form.tsx'
import { KeyTable } from './key-table.tsx'
import type { ListFilter } from './list-filter.ts'

/** The list of user keys with its filter. */
export function KeyList(props: {
  readonly filter: ListFilter
  readonly onFilter: (filter: ListFilter) => void
}) {
  const viewer = useViewer()
  return (
    <>
      <div className="title-row">
        <ViewHeading>User keys</ViewHeading>
        {viewer?.permissions.includes('CREATE') && (
          <a className="button primary" href={linkTo('user-keys', createItem)}>
            Create key
          </a>
        )}
      </div>
      <FilterForm {...props} />
      {props.filter.status !== '' && (
        <p className="quiet">Keys that you have no access to match no status, so that none is shown here.</p>
      )}
      <KeyTable key={JSON.stringify(props.filter)} filter={props.filter} />
    </>
  )
}
