import { useEffect, useRef } from 'react'

/** Moves the focus after another step is shown: to what is wrong there, or else to its heading. */
export function useFocusOnChange(step: string): void {
  const shown = useRef(step)
  useEffect(() => {
    if (shown.current === step) return
    shown.current = step
    // What is wrong is shown by the next frame.
    const frame = requestAnimationFrame(() => {
      const target =
        document.querySelector<HTMLElement>('.wizard [aria-invalid="true"], .wizard [data-invalid] input') ??
        document.getElementById('step-title')
      target?.focus()
    })
    return () => cancelAnimationFrame(frame)
  }, [step])
}
