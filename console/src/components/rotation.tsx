import { formatDay } from '../words.ts'

/** How a key is rotated by itself, and when next. */
export function Rotation(props: {
  readonly rotation: { readonly enabled: boolean; readonly cycleDays: number }
  readonly nextAt: string | null
}) {
  if (!props.rotation.enabled) return <>Off</>
  return (
    <>
      Every {props.rotation.cycleDays} days
      <span className="quiet block">
        {props.nextAt === null ? 'none due' : `next ${formatDay(props.nextAt)}`}
      </span>
    </>
  )
}
