/** What is in each image: its programs by file name, with the entry point of each in the repository. */
export interface Image {
  readonly programs: Readonly<Record<string, string>>
  /** Whose migrations are beside `migrate.js`. */
  readonly migrations?: string
}

export const standIns = ['service-bus', 'cosmos', 'card-processor', 'mailbox', 'identity', 'gateway'] as const
export const isStandIn = (program: string): boolean => standIns.some((name) => name === program)
export const sqlServices = ['order', 'inventory', 'payment'] as const
export const imageNames = [...sqlServices, 'notification', 'stand-ins'] as const
export type ImageName = (typeof imageNames)[number]

export function imageOf(name: ImageName): Image {
  if (name === 'stand-ins')
    return { programs: Object.fromEntries(standIns.map((it) => [it, `local/${it}/src/main.ts`])) }
  const main = `services/${name}/src/main.ts`
  if (name === 'notification') return { programs: { main } }
  return { programs: { migrate: 'libs/migrate/src/main.ts', main }, migrations: name }
}

/** The file of a program in an image, beside the others. */
export const fileOf = (program: string): string => `${program}.js`

/** Folders with migrations in the repository, by where they are in an image. */
export function migrationFolders(service: string): Readonly<Record<string, string>> {
  const folders: Record<string, string> = {}
  for (const dialect of ['sqlite', 'azure-sql']) {
    folders[`migrations/store/${dialect}`] = `libs/store-${dialect}/migrations`
    folders[`migrations/${service}/${dialect}`] = `services/${service}/migrations/${dialect}`
  }
  return folders
}
