/** Where Debian and Ubuntu put Chromium. */
export const executablePath = '/usr/bin/chromium'

/** Starts it without a window, and without asking anybody but the pages under test. */
export const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How long to wait for what must come. A browser shares a busy machine with the server that it asks. */
export const patience = { timeout: 90_000 }
