import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeAndFollow } from '@flotilla/up/first-order'
import { startFleet } from '@flotilla/up/fleet'
import { freePorts } from '@flotilla/up/ports'
import { seed } from '@flotilla/up/seed'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bundle, root } from '../src/bundle.ts'
import { fileOf, imageNames, imageOf, isStandIn } from '../src/images.ts'
import { inSource } from '../src/stack.ts'
import { trials } from '../src/trial.ts'

/** Far from `node_modules`, so that a program that lacks a package cannot find it. */
const out = mkdtempSync(join(tmpdir(), 'flotilla-bundle-'))
const folderOf = (image: string) => join(out, image)
beforeAll(async () => {
  for (const image of imageNames) await bundle(image, folderOf(image), '1.4.0')
}, 120_000)
afterAll(() => rmSync(out, { recursive: true }))

const environment = { PATH: process.env.PATH }

function run(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [file, ...args], { env: { ...environment, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

describe.each(imageNames)('the image %s', (image) => {
  it('has programs that are ready where nothing else is, within a second and 130 MiB, and end in order', async ({
    annotate,
  }) => {
    const options = { image, folder: folderOf(image), surroundings: 'laptop', environment } as const
    const programs: string[] = []
    for await (const { program, readyMs, used } of trials(options)) {
      programs.push(program)
      await annotate(`${program}: ready in ${readyMs.toFixed(0)} ms, ${JSON.stringify(used)}`)
      // What other tests run on the machine at the same time is no part of it.
      expect(used?.cpuMs ?? readyMs).toBeLessThan(1_000)
      expect(used?.memoryMiB ?? 0).toBeLessThan(130)
    }
    expect(programs).toEqual(Object.keys(imageOf(image).programs).filter((it) => it !== 'migrate'))
  }, 60_000)

  it('names every package that is in its programs, each with its licence', () => {
    const { components, metadata } = JSON.parse(readFileSync(join(folderOf(image), 'bom.cdx.json'), 'utf8'))
    const texts = readFileSync(join(folderOf(image), 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    const zod = JSON.parse(readFileSync(join(root, 'libs/host/node_modules/zod/package.json'), 'utf8'))
    expect(components).toContainEqual(
      expect.objectContaining({ purl: `pkg:npm/zod@${zod.version}`, licenses: [{ expression: 'MIT' }] }),
    )
    expect(metadata).toMatchObject({ component: { name: `flotilla/${image}`, version: '1.4.0' } })
    for (const { name, version } of components) expect(texts).toMatch(`${name} ${version} (`)
  })
})

const services = imageNames.filter((it) => it !== 'stand-ins')

describe.each(services)('%s in its image', (service) => {
  it('refuses an empty environment in the same words as from source', async () => {
    const mains = [join(folderOf(service), 'main.js'), join(root, 'services', service, 'src/main.ts')]
    const [bundled, source] = await Promise.all(mains.map((main) => run(main)))
    expect(bundled).toEqual(source)
    expect(bundled?.err).toContain('OIDC_ISSUERS is not set')
  })

  it('is ready as in Azure, with drivers and credentials that are loaded only there, and its telemetry leaves', async () => {
    const options = { image: service, folder: folderOf(service), surroundings: 'azure', environment } as const
    for await (const { collected } of trials(options)) expect(collected).toContain('/v1/metrics')
  })
})

describe.each(services.filter((it) => imageOf(it).migrations))('the migrations of %s', (service) => {
  const migrate = join(folderOf(service), 'migrate.js')

  it('are those of the repository, in both dialects, with the technical tables', () => {
    const files = globSync('migrations/*/*/*.sql', { cwd: folderOf(service) })
    const sources = (folder: string, set: string) =>
      globSync('*.sql', { cwd: join(root, folder) }).map((file) => [
        `migrations/${set}/${file}`,
        join(root, folder, file),
      ])
    const expected = ['sqlite', 'azure-sql'].flatMap((dialect) => [
      ...sources(`libs/store-${dialect}/migrations`, `store/${dialect}`),
      ...sources(`services/${service}/migrations/${dialect}`, `${service}/${dialect}`),
    ])
    expect(files.toSorted()).toEqual(expected.map(([file]) => file).toSorted())
    for (const [file = '', source = ''] of expected)
      expect(readFileSync(join(folderOf(service), file), 'utf8')).toBe(readFileSync(source, 'utf8'))
  })

  it('are applied by the job beside it, and those of another service are refused', async () => {
    const database = { DATABASE_FILE: join(out, `${service}.db`) }
    const { code, out: said } = await run(migrate, [service], database)
    expect({ code, applied: said.match(/"migration":"(\w+)\//g) }).toEqual({
      code: 0,
      applied: [`"migration":"store/`, `"migration":"${service}/`],
    })
    const other = await run(migrate, ['notification'], database)
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('the migrations notification cannot be read') })
  })
})

it('the job reaches for a SQL Server with its driver', async () => {
  const server = 'Server=127.0.0.1,9;Database=trial;User Id=trial;Password=trial'
  const migrate = join(folderOf('order'), 'migrate.js')
  const { code, out: said } = await run(migrate, ['order'], { DATABASE_CONNECTION_STRING: server })
  expect(code).toBe(1)
  expect(JSON.parse(said)).toMatchObject({ error: { message: expect.stringContaining('ECONNREFUSED 127.0.0.1:9') } })
})

it('the image of the stand-ins says which programs it has when none is named', async () => {
  const { code, err } = await run(join(folderOf('stand-ins'), 'main.js'))
  expect(code).toBe(2)
  expect(err).toContain('/app/service-bus.js, /app/cosmos.js')
})

it('the same source and version give the same bytes', async () => {
  const digest = () =>
    globSync('**/*', { cwd: folderOf('notification') })
      .filter((file) => /\.\w+$/.test(file))
      .map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(join(folderOf('notification'), file)))
          .digest('hex'),
      ])
  const before = digest()
  await bundle('notification', folderOf('notification'), '1.4.0')
  expect(digest()).toEqual(before)
})

it('a stack trace of an image is told with places in the source', async () => {
  const lines = readFileSync(join(folderOf('order'), 'main.js'), 'utf8').split('\n')
  const row = lines.findIndex((line) => line.includes('from placement to deadline'))
  const place = `main.js:${row + 1}:${(lines[row]?.indexOf('from placement to deadline') ?? 0) + 1}`
  const told = await inSource(
    'order',
    `{"stack":"Error: x\\n    at readConfig (file:///app/${place})\\n    at node:fs:1:1"}`,
  )
  const source = readFileSync(join(root, 'services/order/src/config.ts'), 'utf8').split('\n')
  const line = source.findIndex((it) => it.includes('from placement to deadline')) + 1
  expect(told).toMatch(`{"stack":"Error: x\\n    at readConfig (services/order/src/config.ts:${line}:`)
  expect(told).toMatch(/\)\\n {4}at node:fs:1:1"}$/)
})

it('an order is confirmed, paid and told by bundles alone', async () => {
  const fleet = await startFleet({
    data: join(out, 'data'),
    ports: await freePorts(),
    say: () => {},
    environment: { PATH: process.env.PATH },
    mainOf: (member) =>
      isStandIn(member) ? join(folderOf('stand-ins'), fileOf(member)) : join(folderOf(member), fileOf('main')),
  })
  onTestFinished(async () => {
    await fleet.supervisor.stop()
  })
  await seed(fleet)
  const { status, steps } = await placeAndFollow(fleet, 'ada')
  expect(status).toBe('confirmed')
  expect(steps.map(({ type }) => type)).toEqual([
    'Placed',
    'StockReserved',
    'PaymentCaptured',
    'Confirmed',
    'NotificationSent',
  ])
}, 60_000)
