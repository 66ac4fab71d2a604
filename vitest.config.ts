import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The tests of the whole fleet wait most of their time (for leases, locks and outages), so they begin first. */
const fleetFirst = ['up/test/outage', 'up/test/kill', 'up/test/journey']

class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = fleetFirst.findIndex((part) => moduleId.includes(part))
      return index < 0 ? fleetFirst.length : index
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    projects: ['services/*', 'libs/*', 'local/*', 'bench', 'sim', 'e2e'],
    passWithNoTests: false,
    sequence: { sequencer: Sequencer },
  },
})
