import { type DeadLetterCommand, readCommand, UsageError, usage } from './dead-letter-command.ts'
import { reportExplanation, reportList, reportTreated } from './dead-letter-report.ts'
import { createDeadLetters } from './dead-letters.ts'

/** Exit codes: 0 done, 1 something failed or was not found, 2 the command line is wrong. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes('--help')) {
    console.log(usage)
    return args.length === 0 ? 2 : 0
  }
  return run(readCommand(args, process.env))
}

async function run(command: DeadLetterCommand): Promise<number> {
  const { verb, service, selection, connection } = command
  const deadLetters = createDeadLetters(connection, service)
  if (verb === 'list') {
    console.log(reportList(await deadLetters.list(selection), command))
    return 0
  }
  if (verb === 'explain') {
    const entries = await deadLetters.list(selection)
    if (entries.length === 0) return notFound(command)
    console.log(reportExplanation(entries, command))
    return 0
  }
  const treated = await deadLetters[verb](selection)
  if (treated.done.length + treated.failed.length === 0 && selection.id !== undefined) return notFound(command)
  console.log(reportTreated(verb, treated, command))
  return treated.failed.length > 0 ? 1 : 0
}

function notFound({ service, selection }: DeadLetterCommand): number {
  const reason = selection.reason === undefined ? '' : ` with the reason ${selection.reason}`
  console.error(`${selection.id}${reason} is not among the dead letters of ${service}: see list --service ${service}`)
  return 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`)
    process.exitCode = 2
  } else {
    console.error(`the broker could not be asked: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
