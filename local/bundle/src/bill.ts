import type { Package } from './packages.ts'

/** `pkg:npm/%40azure/identity@4.14.1`: https://github.com/package-url/purl-spec */
const purl = ({ name, version }: Package) => `pkg:npm/${name.replace('@', '%40')}@${version}`

/**
 * What is in the programs of an image, in CycloneDX: a bundle has no package.json that a scanner could find, so this file says it.
 * https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials(image: string, version: string, packages: readonly Package[]) {
  const component = { type: 'application', 'bom-ref': image, name: `flotilla/${image}`, version }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component },
    components: packages.map((it) => ({
      type: 'library',
      'bom-ref': purl(it),
      name: it.name,
      version: it.version,
      purl: purl(it),
      ...(it.license !== undefined && { licenses: [{ expression: it.license }] }),
    })),
    dependencies: [{ ref: image, dependsOn: packages.map(purl) }],
  }
}

/** Every package with its licence, and what that asks to be kept; the same text once. */
export function licenceTexts(packages: readonly Package[]): string {
  const named = new Map<string, string[]>()
  for (const { name, version, license = 'the package does not say', texts } of packages) {
    const text = texts.map((it) => it.replaceAll('\r\n', '\n').trim()).join('\n\n') || `License: ${license}`
    named.set(text, [...(named.get(text) ?? []), `${name} ${version} (${license})`])
  }
  return [...named].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`)
}
