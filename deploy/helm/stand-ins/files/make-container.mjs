// Makes the container of the notification service in the Cosmos DB stand-in, as Azure Service Operator does in Azure. What is
// there already stays as it is. node --input-type=module --eval "$(cat make-container.mjs)" ENDPOINT DATABASE CONTAINER-AS-JSON
import { createHmac } from 'node:crypto'

const [endpoint, database, container] = process.argv.slice(1)
// Known to every Cosmos DB emulator: https://learn.microsoft.com/azure/cosmos-db/emulator
const key = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='

async function create(type, parent, body) {
  const date = new Date().toUTCString()
  const text = `post\n${type}\n${parent}\n${date.toLowerCase()}\n\n`
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')
  const headers = {
    authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
    'content-type': 'application/json',
    'x-ms-date': date,
    'x-ms-version': '2020-07-15',
  }
  const url = `${endpoint}/${parent ? `${parent}/` : ''}${type}`
  const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
  const said = await answer.text()
  if (answer.status !== 201 && answer.status !== 409) throw new Error(`POST ${url}: ${answer.status} ${said}`)
  console.log(`${url}: ${answer.status === 201 ? 'made' : 'was there'}`)
}

// Cosmos may still be starting, and policies take a moment to know a new pod.
for (let left = 60; ; left--) {
  try {
    await create('dbs', '', JSON.stringify({ id: database }))
    await create('colls', `dbs/${database}`, container)
    break
  } catch (error) {
    if (left === 0) throw error
    console.log(`${error.message}${error.cause ? ` (${error.cause.message})` : ''}; trying again`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}
