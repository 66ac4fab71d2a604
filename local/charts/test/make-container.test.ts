import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startCosmos } from '@flotilla/cosmos/server'
import { createCosmosClient } from '@flotilla/store-cosmos/client'
import { afterEach, expect, it } from 'vitest'
import { chartsFolder } from '../src/charts.ts'

const files = join(chartsFolder, 'stand-ins', 'files')
const script = readFileSync(join(files, 'make-container.mjs'), 'utf8')
const container = readFileSync(join(files, 'container.json'), 'utf8')

/** As the job runs it. */
const make = (endpoint: string) =>
  promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, endpoint, 'notification', container])

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

it('the job of the stand-ins makes the container that the notification service needs, and leaves one that is there', async () => {
  const cosmos = await startCosmos({})
  closing.push(() => cosmos.close())
  expect((await make(cosmos.endpoint)).stdout).toMatch(/dbs: made\n.*colls: made/)
  const client = await createCosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key })
  closing.push(async () => client.dispose())
  const { resource } = await client.database('notification').container('notifications').read()
  expect(resource).toMatchObject(JSON.parse(container))
  expect((await make(cosmos.endpoint)).stdout).toMatch(/dbs: was there\n.*colls: was there/)
})

it('it waits for Cosmos DB', async () => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.writeHead(asked === 1 ? 503 : 201).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  const { stdout } = await make(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(stdout).toContain('503 {}; trying again')
  expect(asked).toBe(3)
})
