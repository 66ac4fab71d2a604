import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { customerToken, operatorToken, Unexpected } from './client.ts'
import { filesIn, root } from './members.ts'

/** `npm run --silent token -- [customer]`: prints a token of a customer (ada), or of `operator`. */

const usage = 'usage: npm run --silent token -- [customer | operator] [--fleet .flotilla/fleet.json]'

async function print() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { fleet: { type: 'string' } } })
  const [customer = 'ada', ...more] = positionals
  if (more.length > 0) throw new Error('one customer at a time')
  const identity = identityOf(values.fleet === undefined ? filesIn(resolve(root, '.flotilla')).fleet : values.fleet)
  try {
    return await (customer === 'operator' ? operatorToken(identity) : customerToken(identity, customer))
  } catch (error) {
    if (error instanceof Unexpected) throw error
    throw new Error(`the issuer at ${identity} does not answer: start the fleet with npm start first`, { cause: error })
  }
}

function identityOf(fleet: string): string {
  const read = () => JSON.parse(readFileSync(fleet, 'utf8')) as { members: { name: string; url: string }[] }
  try {
    return read().members.find(({ name }) => name === 'identity')?.url ?? ''
  } catch (error) {
    throw new Error(`${fleet} cannot be read: start the fleet with npm start first`, { cause: error })
  }
}

print().then(
  (token) => console.log(token),
  (error: unknown) => {
    console.error(`token: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(1)
  },
)
