import { describe, expect, it } from 'vitest'
import { describe as describeDatabase, readConnectionString, withDatabase } from '../src/connection-string.ts'

const azure = 'Server=flotilla.database.windows.net;Database=order'
const local = 'Server=127.0.0.1;Database=order;User Id=sa;Password=hush-Hush-1'

describe('a connection string', () => {
  it('names server, port and database in every way that ADO.NET knows', () => {
    const expected = { server: 'flotilla.database.windows.net', port: 1433, database: 'order', encrypt: true }
    for (const text of [
      azure,
      'Server=tcp:flotilla.database.windows.net,1433;Initial Catalog=order;Encrypt=True;TrustServerCertificate=False;',
      'data source = flotilla.database.windows.net ; DATABASE = order ; Encrypt = Mandatory',
      'Address=flotilla.database.windows.net;Database=order;Authentication="Active Directory Default"',
      'Server=flotilla.database.windows.net;Database=order;Authentication=Active Directory Workload Identity',
    ])
      expect(readConnectionString(text)).toMatchObject(expected)
  })

  it('says times, sizes and the name of the application', () => {
    expect(
      readConnectionString(`${azure};Connect Timeout=30;Application Name=order;Max Pool Size=25;Encrypt=Strict`),
    ).toMatchObject({ connectTimeout: 30_000, applicationName: 'order', maxPoolSize: 25, encrypt: 'strict' })
    expect(readConnectionString(azure)).toMatchObject({
      connectTimeout: undefined,
      applicationName: undefined,
      maxPoolSize: undefined,
    })
  })

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', '.', '(local)', 'sqlserver'])(
    'may hold a login and do without TLS for the local server %s',
    (server) => {
      const text = `Server=${server},14330;Database=order;Uid=sa;Pwd=hush;Encrypt=false;TrustServerCertificate=true`
      expect(readConnectionString(text)).toMatchObject({
        server: server === '.' || server === '(local)' ? 'localhost' : server,
        port: 14_330,
        login: { user: 'sa', password: 'hush' },
        encrypt: false,
        trustServerCertificate: true,
      })
    },
  )

  it('takes a quoted password as it is', () => {
    for (const [quoted, password] of [
      ['"a;b=c"', 'a;b=c'],
      ["'it''s'", "it's"],
      ['{a}}b;}', 'a}b;'],
    ])
      expect(readConnectionString(`Server=sqlserver;Database=order;User Id=sa;Password=${quoted}`).login).toEqual({
        user: 'sa',
        password,
      })
  })

  it('has no login for a server that is not local: that is asked with a token', () => {
    expect(readConnectionString(azure).login).toBeUndefined()
  })
})

const refused: [text: string, why: RegExp][] = [
  ['', /it is empty/],
  ['Database=order', /Server is missing/],
  ['Server=flotilla.database.windows.net', /Database is missing/],
  [`${azure};Databse=x`, /'databse' is not known.* Known are Server, Database, User Id/],
  [`${azure};Integrated Security=true`, /'integrated security' is not known/],
  [`${azure};Initial Catalog=payment`, /names Database twice/],
  ['Server=db\\SQLEXPRESS;Database=order', /names an instance .* name its port instead/],
  ['Server=np:db;Database=order', /Server is a host/],
  ['Server=db:1433;Database=order', /Server is a host/],
  [`${azure};Encrypt`, /a key in it has no value/],
  [`${azure};;`, /a ; in it is doubled/],
  ['Server=db;;Database=order', /Server is a host|is doubled/],
  ['Server=db,99999;Database=order', /Server is a host/],
  ['Server=db,one;Database=order', /Server is a host/],
  ['Server=a b;Database=order', /Server is a host/],
  ['Server=flotilla.database.windows.net;Database=or]der', /Database is a name of letters/],
  [
    `${azure};User Id=sa;Password=hush-Hush-1`,
    /leave them out, flotilla\.database\.windows\.net is asked as the workload/,
  ],
  [`${azure};User Id=client-id`, /leave them out/],
  ['Server=10.0.0.7;Database=order;User Id=sa;Password=hush-Hush-1', /for a local server only/],
  ['Server=127.0.0.1.evil.example;Database=order;User Id=sa;Password=hush-Hush-1', /for a local server only/],
  [`${azure};Encrypt=false`, /Encrypt=false is for a local server only/],
  [`${azure};Encrypt=maybe`, /Encrypt is true, false or strict/],
  [`${azure};TrustServerCertificate=true`, /TrustServerCertificate=true is for a local server only/],
  [`${azure};TrustServerCertificate=perhaps`, /TrustServerCertificate is true or false/],
  [`${azure};Authentication=Active Directory Password`, /Authentication can be Active Directory Default/],
  [`${local};Authentication=Active Directory Default`, /Authentication is for Azure SQL/],
  ['Server=127.0.0.1;Database=order', /User Id is missing/],
  ['Server=127.0.0.1;Database=order;User Id=sa', /Password is missing/],
  [`${azure};Max Pool Size=0`, /Max Pool Size is a whole number/],
  [`${azure};Connect Timeout=soon`, /Connect Timeout is a whole number/],
  ['Server=db;Database="order', /a quote in it is not closed/],
]

describe('a connection string is refused with what is wrong and how to mend it', () => {
  it.each(refused)('%s', (text, why) => {
    expect(() => readConnectionString(text)).toThrow(why)
  })

  it.each([
    `${azure};User Id=sa;Password=hush-Hush-1`,
    'Server=db;Database=order;User Id=sa;Password=hush-Hush-1;Sevrer=x',
    'Server=db;Database=order;User Id=sa;Password=x;hush-Hush-1=y',
    'Server=db;Database=order;User Id=sa;Password=x;hush-Hush-1;Encrypt=true',
    'Server=db;Database=order;User Id=sa;Encrypt=;Password=hush-Hush-1',
    'Server=;Password=hush-Hush-1;Database=order;User Id=sa',
    'Server=db;Database=;Password=hush-Hush-1;User Id=sa',
    'Server=db;Database=order;User Id=sa;Password="hush-Hush-1',
    'Server=db;Database=order;User Id=sa;Password="x"hush-Hush-1',
    'Server=db;Database=order;Max Pool Size=;Password=hush-Hush-1;User Id=sa',
  ])('and never with its password: %s', (text) => {
    expect(() => readConnectionString(text)).toThrow(/^The connection string is not valid: (?!.*hush-Hush-1)/i)
  })
})

describe('a connection string of a server', () => {
  it('is given a database', () => {
    expect(readConnectionString(withDatabase('Server=db;User Id=sa;Password=x; ', 'payment'))).toMatchObject({
      database: 'payment',
      login: { user: 'sa', password: 'x' },
    })
  })

  it('is not given a second one, nor a name that is none', () => {
    expect(() => withDatabase(local, 'payment')).toThrow(/names a database already/)
    expect(() => withDatabase('Server=db;User Id=sa;Password=x', 'a;b')).toThrow(/is not valid/)
  })

  it('is described by server and database alone', () => {
    expect(describeDatabase(readConnectionString(local))).toBe('127.0.0.1/order')
    expect(describeDatabase(readConnectionString('Server=db,1444;Database=order;Uid=sa;Pwd=x'))).toBe('db,1444/order')
  })
})
