import type { LoginFailure } from './session.ts'

/** Failures of a login that the provider has no part in. */
export const failures = {
  closeWindow: {
    code: 'close-window',
    message: 'You are signed in, in the other window. Close this one.',
  },
  notStartedHere: {
    code: 'not-started-here',
    message: 'This answer of the identity provider belongs to no login of this page. Sign in again.',
  },
  popupBlocked: {
    code: 'pop-up-blocked',
    message: 'The browser has blocked the window. Allow pop-up windows for this page, and try again.',
  },
  signOutIncomplete: {
    code: 'sign-out-incomplete',
    message:
      'You are signed out here, but the server did not confirm it: reloading this page may sign in again. Try again.',
  },
} as const satisfies Record<string, LoginFailure>
