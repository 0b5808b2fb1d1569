/** Stands for what is hidden from the caller, so that it does not look empty. */
export function NoAccess() {
  return (
    <span className="no-access">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path
          fill="currentColor"
          d="M8 1a4 4 0 0 0-4 4v2H3v8h10V7h-1V5a4 4 0 0 0-4-4Zm-2 6V5a2 2 0 1 1 4 0v2H6Z"
        />
      </svg>
      No access
    </span>
  )
}
