import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Finding } from './finding.ts'
import { type Build, everythingIn, type Fleet, readFleet } from './fleet.ts'
import { asIfPinned } from './pinned-copy.ts'
import { type Rendered, type RenderingOptions, render, withFacts } from './rendering.ts'
import { pins } from './rules/pins.ts'
import { references } from './rules/references.ts'
import { releases } from './rules/releases.ts'
import { renderings } from './rules/renderings.ts'
import { roles } from './rules/roles.ts'
import { safety } from './rules/safety.ts'
import { tenancy } from './rules/tenancy.ts'

/** Who does what a check needs done. */
export interface Means extends Omit<RenderingOptions, 'work'> {
  readonly build: Build
  /** What the APIs and the scanner say of the manifests in a folder, a file for each release; nothing is what must be. */
  readonly judge: (folder: string) => Promise<readonly string[]>
  /** A folder that is not there yet, to keep what was made in: `clusters/` what Flux applies, `releases/` what Helm does. */
  readonly out?: string | undefined
}

export interface Checked {
  readonly findings: readonly Finding[]
  /** Releases that were not rendered, and why. */
  readonly leftOut: readonly string[]
}

/** What is wrong with `deploy/flux` of a repository, and with what its releases make of their charts. */
export const check = (repository: string, means: Means): Promise<Checked> =>
  asIfPinned(repository, async (copy) => {
    const { fleet, findings } = await readFleet(copy, means.build)
    const lost = [...findings, ...references(fleet)]
    if (means.out !== undefined) keep(fleet, join(means.out, 'clusters'))
    const rules = [safety, tenancy, releases, pins].flatMap((rule) => rule(fleet))
    // What is not there cannot be rendered.
    const { findings: made, leftOut } = lost.length === 0 ? await checkReleases(fleet, means) : nothing
    return { findings: [...lost, ...rules, ...made], leftOut }
  })

/** A file for each cluster, the facts put in. */
function keep({ clusters }: Fleet, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const cluster of clusters) {
    const documents = everythingIn(cluster).map((resource) => stringify(withFacts(resource, cluster.facts)))
    writeFileSync(join(folder, `${cluster.name}.yaml`), documents.join('---\n'))
  }
}

const nothing: Checked = { findings: [], leftOut: [] }

async function checkReleases(fleet: Fleet, means: Means): Promise<Checked> {
  const work = mkdtempSync(join(tmpdir(), 'flotilla-rendered-'))
  try {
    const { rendered, findings, leftOut } = await render(fleet, { ...means, work })
    const judged = await judge(rendered, join(means.out ?? work, 'releases'), means)
    return { findings: [...findings, ...renderings(rendered), ...roles(fleet, rendered), ...judged], leftOut }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function judge(rendered: readonly Rendered[], folder: string, means: Means): Promise<Finding[]> {
  mkdirSync(folder)
  for (const { cluster, chart, isCurrent, text } of rendered)
    if (isCurrent) writeFileSync(join(folder, `${cluster.name}-${chart}.yaml`), text)
  const said = await means.judge(folder)
  return said.map((what) => ({
    rule: 'the cluster takes what is rendered',
    where: 'deploy/flux/apps',
    what,
    mend: 'mend the values, or the chart: npm run charts',
  }))
}
