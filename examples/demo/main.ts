/**
 * Envelope encryption of a file with Keystead, told step by step. Start reading at steps.ts. A program of your own needs
 * far less: packages/client/examples/encrypt-file.ts. `--help` lists the options.
 */
import { helpText, readCommandLine, UsageError } from './command-line.ts'
import { runDemo } from './run-demo.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const args = readCommandLine(process.argv.slice(2), process.env)
    if (args !== null) return await runDemo(args)
    process.stdout.write(helpText)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${helpText}`)
    return 2
  }
}
