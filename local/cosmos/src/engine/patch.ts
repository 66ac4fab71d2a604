import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isObject, type Json, type JsonObject, setProperty } from './json.ts'
import { badRequest } from './refusal.ts'

const path = z.string().regex(/^\//, "must start with '/'")

const step = z.discriminatedUnion('op', [
  z.strictObject({ op: z.enum(['add', 'set', 'replace']), path, value: z.json() }),
  z.strictObject({ op: z.literal('remove'), path, value: z.json().optional() }),
  z.strictObject({ op: z.literal('incr'), path, value: z.number() }),
  z.strictObject({ op: z.literal('move'), path, from: path }),
])

type Step = z.infer<typeof step>

export interface Patch {
  readonly steps: readonly Step[]
  /** Whether the document may be patched. */
  readonly condition?: ((document: JsonObject) => boolean) | undefined
}

const steps = z.array(step).min(1).max(10)

/** Reads the body of a patch: an array of steps, or `{ operations, condition }`. Throws a Refusal. */
export function readPatch(
  body: unknown,
  readCondition: (condition: string) => (document: JsonObject) => boolean,
): Patch {
  const isLong = isObject(body)
  const { operations, condition } = isLong ? body : { operations: body, condition: undefined }
  const result = steps.safeParse(operations)
  if (!result.success) {
    const issues = result.error.issues.map((issue) => `operations.${issue.path.join('.')}: ${issue.message}`)
    throw badRequest(
      `The patch is invalid, of 1 to 10 operations add, set, replace, remove, incr and move: ${issues.join('; ')}`,
    )
  }
  if (condition === undefined) return { steps: result.data }
  if (typeof condition !== 'string')
    throw badRequest('The condition of a patch must be a string such as "from c where c.a = 1".')
  return { steps: result.data, condition: readCondition(condition) }
}

/** Changes the document, all or nothing: it is the caller's own copy. Throws a Refusal. */
export function applyPatch(document: JsonObject, patch: Patch): void {
  for (const each of patch.steps) {
    const names = readPointer(each.path)
    if (each.op === 'move') {
      const from = readPointer(each.from)
      const value = at(document, from).get()
      if (value === undefined) throw missing(each.from)
      if (names.length > from.length && isDeepStrictEqual(names.slice(0, from.length), from))
        throw badRequest(`The patch cannot move '${each.from}' into itself, to '${each.path}'.`)
      at(document, from).remove()
      at(document, names).put(value, 'add')
    } else applyStep(at(document, names), each)
  }
}

function applyStep(slot: Slot, step: Exclude<Step, { op: 'move' }>): void {
  const present = slot.get()
  if (step.op === 'incr') {
    if (present !== undefined && typeof present !== 'number')
      throw badRequest(`The patch cannot increment '${step.path}': it is not a number.`)
    slot.put((present ?? 0) + step.value, 'set')
  } else if (step.op === 'remove') {
    if (present === undefined) throw missing(step.path)
    slot.remove()
  } else {
    if (step.op === 'replace' && present === undefined) throw missing(step.path)
    slot.put(step.value as Json, step.op)
  }
}

interface Slot {
  get(): Json | undefined
  put(value: Json, how: 'add' | 'set' | 'replace'): void
  remove(): void
}

const guarded = new Set(['id', '_rid', '_self', '_etag', '_attachments', '_ts'])

function readPointer(pointer: string): string[] {
  const names = pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  const [first = ''] = names
  if (first === '' || (names.length === 1 && guarded.has(first)))
    throw badRequest(`The path '${pointer}' cannot be patched.`)
  return names
}

/** The place that a path names: a property of an object, or a position of an array, `-` past its end. */
function at(document: JsonObject, names: readonly string[]): Slot {
  const pointer = `/${names.join('/')}`
  let parent: Json | undefined = document
  for (const name of names.slice(0, -1)) parent = child(parent, name)
  const last = names.at(-1) as string
  if (Array.isArray(parent)) return inArray(parent, last, pointer)
  if (!isObject(parent)) throw missing(pointer)
  const owner = parent
  return {
    get: () => child(owner, last),
    put: (value) => setProperty(owner, last, value),
    remove: () => delete owner[last],
  }
}

function inArray(array: Json[], name: string, pointer: string): Slot {
  const index = name === '-' ? array.length : /^(0|[1-9]\d*)$/.test(name) ? Number(name) : Number.NaN
  if (!(index <= array.length)) throw badRequest(`The path '${pointer}' names no position of the array.`)
  return {
    get: () => array[index],
    put: (value, how) => {
      if (how === 'add') array.splice(index, 0, value)
      else if (index < array.length) array[index] = value
      else array.push(value)
    },
    remove: () => array.splice(index, 1),
  }
}

function child(value: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function missing(pointer: string) {
  return badRequest(`The path '${pointer}' of the patch is not in the document.`)
}
