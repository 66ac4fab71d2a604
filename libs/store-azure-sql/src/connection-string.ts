import { isIPv4, isIPv6 } from 'node:net'
import { MSSQL_SCHEMA, parse } from '@tediousjs/connection-string'

/** What an ADO.NET connection string says. */
export interface ConnectionSettings {
  readonly server: string
  readonly port: number
  readonly database: string
  /** A SQL login, for a local server only; a server that is not local is asked with a token of Entra ID. */
  readonly login?: { readonly user: string; readonly password: string } | undefined
  /** `strict`: TLS before the first byte of TDS (TDS 8.0). */
  readonly encrypt: boolean | 'strict'
  readonly trustServerCertificate: boolean
  /** Milliseconds. */
  readonly connectTimeout?: number | undefined
  readonly applicationName?: string | undefined
  readonly maxPoolSize?: number | undefined
}

/** Under the name that messages call it: every name that means it, as ADO.NET has them. */
const names = {
  Server: ['server', 'data source', 'address', 'addr', 'network address'],
  Database: ['database', 'initial catalog'],
  'User Id': ['user id', 'uid', 'user'],
  Password: ['password', 'pwd'],
  Authentication: ['authentication'],
  Encrypt: ['encrypt'],
  TrustServerCertificate: ['trustservercertificate', 'trust server certificate'],
  'Connect Timeout': ['connect timeout', 'connection timeout', 'timeout'],
  'Application Name': ['application name', 'app'],
  'Max Pool Size': ['max pool size'],
} as const

type Key = keyof typeof names
type Entries = ReadonlyMap<Key, string>

const keyOf = new Map(
  Object.entries(names).flatMap(([key, all]) => all.map((name) => [name as string, key as Key] as const)),
)
/** Names of ADO.NET: what is none of them may be a piece of a password. */
const publicNames = new Set(Object.entries(MSSQL_SCHEMA).flatMap(([key, { aliases = [] }]) => [key, ...aliases]))

/** Throws an Error that says what is wrong with it and never quotes a value that may be a secret. */
export function readConnectionString(text: string): ConnectionSettings {
  const entries = readEntries(text)
  const { server, port } = readServer(required(entries, 'Server'))
  const database = required(entries, 'Database')
  if (!/^[\w-]{1,128}$/.test(database))
    throw invalid('Database is a name of letters, digits, _ and -, such as Database=order')
  const settings = {
    server,
    port,
    database,
    encrypt: readEncrypt(entries.get('Encrypt')),
    trustServerCertificate: readBoolean(entries, 'TrustServerCertificate') ?? false,
    connectTimeout: seconds(readCount(entries, 'Connect Timeout')),
    applicationName: entries.get('Application Name'),
    maxPoolSize: readCount(entries, 'Max Pool Size'),
  }
  const login = isLocal(server) ? localLogin(entries, server) : noLogin(entries, settings)
  return { ...settings, login }
}

/** The same connection string with a database; it may not name one yet. */
export function withDatabase(text: string, database: string): string {
  if (readEntries(text).has('Database')) throw invalid('it names a database already; leave Database out')
  const named = `${text.trim().replace(/;$/, '')};Database=${database}`
  readConnectionString(named)
  return named
}

/** For logs and messages: where it is, and nothing of who asks. */
export const describe = ({ server, port, database }: Pick<ConnectionSettings, 'server' | 'port' | 'database'>) =>
  `${server}${port === 1433 ? '' : `,${port}`}/${database}`

function readEntries(text: string): Entries {
  const parsed = parsedOf(text)
  const secret = names.Password.some((name) => parsed.has(name))
  const entries = new Map<Key, string>()
  for (const [index, [name, value]] of [...parsed].entries()) {
    if (name === end) return entries
    if (name.includes(';'))
      throw invalid('a key in it has no value; leave it out, or quote the value before it that holds ;')
    const key = keyOf.get(name)
    if (key === undefined) throw unknownKey(!secret || publicNames.has(name) ? name : undefined, index + 1)
    if (entries.has(key)) throw invalid(`it names ${key} twice`)
    // How the parser reads a key without a value: the next ones become its value.
    if (value.startsWith(';') || value === '')
      throw invalid(`${key} has no value; leave it out, or quote what begins with ;`)
    entries.set(key, value)
  }
  throw invalid('a ; in it is doubled; one ends a value, and a value that holds one is quoted')
}

/** Ends what is parsed: the parser drops a last key without a value. */
const end = 'end'

function parsedOf(text: string): ReadonlyMap<string, string> {
  const whole = text.trim().replace(/;$/, '')
  if (whole === '') throw invalid('it is empty')
  try {
    return parse(`${whole};${end}=true`)
  } catch {
    throw invalid('a quote in it is not closed, or followed by something else than ;')
  }
}

function unknownKey(name: string | undefined, position: number) {
  const which =
    name === undefined
      ? `its key number ${position} is not known (a value that holds ; is quoted)`
      : `'${name}' is not known`
  return invalid(`${which}. Known are ${Object.keys(names).join(', ')}`)
}

function required(entries: Entries, key: Key): string {
  const value = entries.get(key)
  if (value === undefined) throw invalid(`${key} is missing`)
  return value
}

/** `host`, `host,port`, `tcp:host,port`. */
function readServer(value: string) {
  if (value.includes('\\'))
    throw invalid('Server names an instance (host\\instance); name its port instead, as Server=host,port')
  const [, named = '', port = '1433'] = /^(?:tcp:)?\s*(.*?)\s*(?:,\s*(\d{1,5}))?$/i.exec(value) ?? []
  const server = ['.', '(local)'].includes(named.toLowerCase()) ? 'localhost' : named
  if ((!/^\w[\w.-]*$/.test(server) && !isIPv6(server)) || Number(port) < 1 || Number(port) > 65_535)
    throw invalid(
      'Server is a host, or a host and its port, as Server=flotilla.database.windows.net or Server=127.0.0.1,1433',
    )
  return { server, port: Number(port) }
}

/** A loopback address, or a name without dots: a service of Docker Compose, or of the same namespace of a cluster. */
const isLocal = (server: string) =>
  isIPv4(server) ? server.startsWith('127.') : isIPv6(server) ? server === '::1' : /^[^.:]+$/.test(server)

function localLogin(entries: Entries, server: string) {
  if (entries.has('Authentication'))
    throw invalid(`Authentication is for Azure SQL, not for the local server ${server}; leave it out`)
  return { user: required(entries, 'User Id'), password: required(entries, 'Password') }
}

function noLogin(
  entries: Entries,
  settings: Pick<ConnectionSettings, 'server' | 'encrypt' | 'trustServerCertificate'>,
) {
  const { server, encrypt, trustServerCertificate } = settings
  if (entries.has('User Id') || entries.has('Password'))
    throw invalid(
      `User Id and Password are for a local server only; leave them out, ${server} is asked as the workload identity`,
    )
  if (!encrypt) throw invalid(`Encrypt=false is for a local server only; leave it out for ${server}`)
  if (trustServerCertificate)
    throw invalid(`TrustServerCertificate=true is for a local server only; leave it out for ${server}`)
  const authentication = entries.get('Authentication')?.toLowerCase()
  if (authentication !== undefined && !workloadIdentity.includes(authentication))
    throw invalid(
      'Authentication can be Active Directory Default or Active Directory Workload Identity; leave it out for the workload identity',
    )
  return undefined
}

const workloadIdentity = ['active directory default', 'active directory workload identity']

function readEncrypt(value = 'true'): boolean | 'strict' {
  const asked = value.toLowerCase()
  if (asked === 'strict') return 'strict'
  const encrypt = { true: true, yes: true, mandatory: true, false: false, no: false, optional: false }[asked]
  if (encrypt === undefined) throw invalid('Encrypt is true, false or strict')
  return encrypt
}

function readBoolean(entries: Entries, key: Key): boolean | undefined {
  const value = entries.get(key)
  if (value === undefined) return undefined
  const read = { true: true, yes: true, false: false, no: false }[value.toLowerCase()]
  if (read === undefined) throw invalid(`${key} is true or false`)
  return read
}

function readCount(entries: Entries, key: Key): number | undefined {
  const value = entries.get(key)
  if (value === undefined) return undefined
  if (!/^[1-9]\d{0,3}$/.test(value)) throw invalid(`${key} is a whole number from 1 to 9999`)
  return Number(value)
}

const seconds = (count: number | undefined) => (count === undefined ? undefined : count * 1_000)

const invalid = (why: string) => new Error(`The connection string is not valid: ${why}.`)
