export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [name: string]: Json }
/** A value in a query: what is not there is `undefined`. */
export type Value = Json | undefined

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sets an own property whatever its name is; assigning `__proto__` would set the prototype. */
export function setProperty(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}

/** Properties of the value itself; what objects inherit is not JSON. */
export function property(value: Value, name: string | number): Value {
  if (typeof name === 'number') return Array.isArray(value) ? value[name] : undefined
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

export function atPath(value: Value, path: readonly (string | number)[]): Value {
  let found = value
  for (const name of path) {
    if (found === undefined) return undefined
    found = property(found, name)
  }
  return found
}
