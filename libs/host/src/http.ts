import type { FastifyInstance } from 'fastify'
import { createServer, type ServerOptions } from './server.ts'

type Shared = 'logger' | 'auth' | 'clock' | 'health' | 'overload' | 'dependencies'

/** What the HTTP side of a service is given by its process. */
export interface HttpOptions extends Pick<ServerOptions, Shared> {
  readonly version?: string | undefined
}

/** Makes the HTTP side of a service, from what its routes ask of the service. */
export type CreateHttp<Routes> = (options: HttpOptions, routes: Routes) => FastifyInstance

/** The HTTP side of a service of this name. */
export const httpOf =
  <Routes>(
    service: { readonly name: string; readonly description: string },
    declare: (server: FastifyInstance, routes: Routes) => void,
  ): CreateHttp<Routes> =>
  ({ version = '0.0.0', logger, auth, clock, health, overload, dependencies }, routes) => {
    const server = createServer({
      service: { ...service, version },
      logger,
      auth,
      clock,
      health,
      overload,
      dependencies,
    })
    declare(server, routes)
    return server
  }
