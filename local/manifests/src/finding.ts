export type Rule =
  | 'YAML is read without an error'
  | 'kustomize builds it'
  | 'what is named is there'
  | 'nothing lies about unused'
  | 'the order has no circle'
  | 'no secret is in Git'
  | 'API versions are those of this Flux'
  | 'what is installed is versioned'
  | 'facts are declared'
  | 'what takes others along is deleted by hand'
  | 'a service keeps to its namespace'
  | 'a namespace is closed'
  | 'a failure is dealt with as decided'
  | 'an upgrade is one object'
  | 'what runs was published'
  | 'the chart takes the values'
  | 'the cluster takes what is rendered'
  | 'a release holds no data'
  | 'Flux may write what it has to'

/** What is wrong, where, and how to mend it. */
export interface Finding {
  readonly rule: Rule
  /** A file or folder below the repository, or an object of a cluster. */
  readonly where: string
  readonly what: string
  readonly mend: string
}

export const textOf = ({ rule, where, what, mend }: Finding): string => `${where}: ${what} (${rule})\n  ${mend}`
