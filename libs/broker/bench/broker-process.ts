// The local broker in a process of its own, on disk; says where it is, and ends with its parent.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { startServiceBus } from '@flotilla/service-bus/server'

const data = await mkdtemp(join(tmpdir(), 'flotilla-broker-bench-'))
const broker = await startServiceBus({ config: emulatorConfig(), data })
process.once('disconnect', async () => {
  await broker.close()
  await rm(data, { recursive: true, force: true })
})
process.send?.(broker.connectionString)
