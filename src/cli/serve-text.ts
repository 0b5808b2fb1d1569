import type { CommandText } from '../operator/command.ts'

/** What `keystead serve` says of itself; apart from its code, which takes a moment to load. */
export const serveText: CommandText = {
  path: ['serve'],
  summary: 'Runs the server, like npm start.',
  help: `
The settings come from the environment; .env.example lists them all. Without any, the server runs in development mode
on an embedded database in the folder "data". It stops at SIGTERM or Ctrl+C, after the requests under way.`,
  options: {},
}
