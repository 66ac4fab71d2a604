import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Operation } from './operation.ts'
import { PROBLEM_JSON } from './problem.ts'

type Json = { [key: string]: unknown }
type Components = Record<string, unknown>

/** What the API document says of itself. */
export type ApiInfo = { readonly name: string; readonly version: string; readonly description?: string | undefined }

/** The document of every error. */
const ProblemDocument = z
  .looseObject({
    type: z
      .string()
      .meta({ description: 'Stable URI of the kind of problem.', examples: ['urn:flotilla:problem:not-found'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string(),
    traceId: z.string().optional().meta({ description: 'Quote it when you report the problem.' }),
    errors: z
      .array(
        z.object({
          detail: z.string(),
          pointer: z.string().optional(),
          header: z.string().optional(),
          query: z.string().optional(),
          parameter: z.string().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' })

/** A schema as JSON Schema 2020-12, which is what OpenAPI 3.1 uses; what has an id goes into the components. */
function toJson(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const { $schema: _, $defs, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  const moved = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'))
  for (const [id, definition] of Object.entries(($defs as Json | undefined) ?? {})) {
    const { id: _id, ...plain } = moved(definition) as Json
    const known = components[id]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(plain))
      throw new Error(
        `two schemas of the API have the id ${id}: rename one, or give its input and output ids of their own`,
      )
    components[id] = plain
  }
  return moved(json) as Json
}

function parameters({ params, query, headers }: Operation, components: Components): Json[] {
  const places = [
    ['path', params],
    ['query', query],
    ['header', headers],
  ] as const
  return places.flatMap(([place, schema]) => {
    if (schema === undefined) return []
    const json = toJson(schema, 'input', components) as { properties?: Record<string, Json>; required?: string[] }
    return Object.entries(json.properties ?? {}).map(([name, { description, ...rest }]) => ({
      name,
      in: place,
      required: place === 'path' || (json.required ?? []).includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    }))
  })
}

const GOOD: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No content',
  304: 'Not modified',
}

function responses(operation: Operation, components: Components): Json {
  const problemContent = { [PROBLEM_JSON]: { schema: toJson(ProblemDocument, 'output', components) } }
  const bad: Record<number, string> = {
    ...(hasInput(operation) && { 400: 'The request is not valid; `errors` names each flaw.' }),
    401: 'The token is missing or not valid.',
    403: 'The token lacks the scope.',
    503: 'Overloaded, or something needed is not available; see Retry-After.',
    ...operation.problems,
  }
  const answers: Json = {}
  for (const [status, schema] of Object.entries(operation.responses)) {
    const description = schema?.meta()?.description ?? GOOD[Number(status)] ?? 'Answer'
    answers[status] =
      schema === null
        ? { description }
        : { description, content: { 'application/json': { schema: toJson(schema, 'input', components) } } }
  }
  for (const [status, description] of Object.entries(bad)) answers[status] = { description, content: problemContent }
  return answers
}

const hasInput = ({ params, query, headers, body }: Operation) => [params, query, headers, body].some(Boolean)

function describe(operation: Operation, components: Components): Json {
  const { method, url, scope, summary, description, tags, body } = operation
  const list = parameters(operation, components)
  return {
    operationId: `${method.toLowerCase()}${url.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next) => String(next ?? '').toUpperCase())}`,
    summary,
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    security: [scope].flat().map((one) => ({ bearer: [one] })),
    ...(list.length > 0 && { parameters: list }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: toJson(body, 'input', components) } } },
    }),
    responses: responses(operation, components),
  }
}

/** The OpenAPI 3.1 document of a set of routes. */
export function openApiDocument(operations: readonly Operation[], { name, version, description }: ApiInfo): Json {
  const components: Components = {}
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    const path = operation.url.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, components) }
  }
  return {
    openapi: '3.1.0',
    info: { title: name, version, ...(description !== undefined && { description }) },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => a.localeCompare(b))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

/** Serves the document at `/openapi.json`, without a token: what the API looks like is no secret, and tools ask for it. */
export function registerOpenApi(app: FastifyInstance, info: ApiInfo): void {
  let document: string | undefined
  app.get('/openapi.json', { config: { isOpen: true, isProbe: true } }, (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(app.operations, info))
    return reply.header('content-type', 'application/json; charset=utf-8').send(document)
  })
}
