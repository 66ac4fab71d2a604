import { parseArgs } from 'node:util'
import { azureTemplate } from './azure.ts'
import { emulatorConfig, microsoftEmulator } from './emulator.ts'

const usage = `usage: npm run --silent topology [-- --azure]

Prints topics, subscriptions and rules: for Microsoft's Service Bus emulator, which keeps a message for an hour at most.

  --azure    for Azure, as a template of Azure Resource Manager with the settings of production; its parameter namespace names a Service
             Bus namespace that exists. az deployment group create takes it, and a Bicep module; the fields are those of Azure Service
             Operator, too

In Azure a new subscription has a rule $Default that lets every message through, whatever its other rules say. The template overwrites it with
one that lets none through. Where subscriptions are made in another way, it must be deleted.`

const options = { azure: { type: 'boolean' }, help: { type: 'boolean' } } as const

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return undefined
  }
}

/** Exit codes: 0 printed, 2 the command line is wrong. */
function main(args: readonly string[]): number {
  const asked = read(args)
  if (!asked) return 2
  const printed = asked.azure ? azureTemplate() : emulatorConfig(microsoftEmulator)
  console.log(asked.help ? usage : JSON.stringify(printed, null, 2))
  return 0
}

process.exitCode = main(process.argv.slice(2))
