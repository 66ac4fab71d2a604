/** A schema as Kubernetes writes it, in OpenAPI. */
export interface Definition {
  readonly type?: string | undefined
  readonly format?: string | undefined
  readonly $ref?: string | undefined
  readonly properties?: Readonly<Record<string, Definition>>
  readonly items?: Definition
  readonly additionalProperties?: Definition | boolean
  readonly [extension: string]: unknown
}

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const reference = /^#\/definitions\//

/** The schema with every object closed that names its fields. What is within anyOf and the like only adds to it, and stays. */
export function strict(schema: Definition): Definition {
  const { properties, items, additionalProperties } = schema
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  return {
    ...schema,
    ...(schema.format === 'int-or-string' && { type: undefined, format: undefined, anyOf: intOrString }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, it]) => [name, strict(it)])),
    }),
    ...(properties && !isOpen && additionalProperties === undefined && { additionalProperties: false }),
    ...(items && { items: strict(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strict(additionalProperties) }),
    // YAML writes some quantities as numbers.
    ...(schema.$ref?.endsWith(quantity) && { $ref: undefined, anyOf: [{ type: 'string' }, { type: 'number' }] }),
  }
}

const intOrString = [{ type: 'string' }, { type: 'integer' }]

/** The definitions that one speaks of, itself among them. */
export function reachable(
  name: string,
  definitions: Readonly<Record<string, Definition>>,
): Readonly<Record<string, Definition>> {
  const found = new Map<string, Definition>()
  const visit = (at: string): void => {
    const definition = definitions[at]
    if (definition === undefined) throw new Error(`there is no definition ${at}`)
    if (found.has(at)) return
    found.set(at, definition)
    JSON.stringify(definition, (key, value: unknown) => {
      if (key === '$ref' && typeof value === 'string') visit(value.replace(reference, ''))
      return value
    })
  }
  visit(name)
  return Object.fromEntries(found)
}
