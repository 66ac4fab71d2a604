/** Just enough XML to write Atom: elements, attributes, text. */
export type Xml = string

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

export const text = (value: string | number | boolean): Xml =>
  String(value).replace(/[&<>"']/g, (character) => entities[character] ?? character)

export function element(
  name: string,
  content: Xml | readonly Xml[],
  attributes: Readonly<Record<string, string>> = {},
): Xml {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(value)}"`)
  return `<${name}${written.join('')}>${typeof content === 'string' ? content : content.join('')}</${name}>`
}

/** Elements with text in them, in this order; what is undefined is left out. */
export const fields = (values: Readonly<Record<string, string | number | boolean | undefined>>): Xml[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [element(name, text(value))]))
