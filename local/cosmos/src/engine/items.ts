import { checkName } from './catalog.ts'
import { readCharge, replaceCharge, writeCharge } from './charge.ts'
import type { Container, Place } from './container.ts'
import { checkDocument, type Documents, type Stored } from './documents.ts'
import type { JsonObject } from './json.ts'
import { type PartitionText, partitionOf } from './partition-key.ts'
import { applyPatch, type Patch } from './patch.ts'
import { badRequest, preconditionFailed, Refusal } from './refusal.ts'
import type { Storage } from './storage.ts'

export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/** One thing done to one document. `partition` undefined is taken from the body. */
export type Operation = Conditions &
  (
    | { readonly kind: 'create' | 'upsert'; readonly partition: PartitionText | undefined; readonly body: unknown }
    | (Place & { readonly kind: 'replace'; readonly body: unknown })
    | (Place & { readonly kind: 'patch'; readonly patch: Patch })
    | (Place & { readonly kind: 'read' | 'delete' })
  )

export interface Outcome {
  readonly status: number
  readonly charge: number
  readonly etag?: string
  /** The document as JSON. */
  readonly text?: string
}

/** Operations on single documents. What is refused is thrown as a Refusal and has changed nothing. */
export class Items {
  readonly #storage: Storage
  readonly #documents: Documents

  constructor(storage: Storage, documents: Documents) {
    this.#storage = storage
    this.#documents = documents
  }

  perform(container: Container, operation: Operation): Outcome {
    switch (operation.kind) {
      case 'read':
        return this.#read(container, operation)
      case 'create':
      case 'upsert':
        return this.#put(container, operation)
      case 'replace':
        return this.#replace(container, operation)
      case 'patch':
        return this.#patch(container, operation)
      case 'delete':
        return this.#delete(container, operation)
    }
  }

  #read(container: Container, operation: Place & Conditions): Outcome {
    const found = this.#documents.read(container, operation)
    const etag = this.#storage.etag(found.lsn)
    if (matches(operation.ifNoneMatch, etag)) throw new Refusal(304, 'The item has not changed.')
    if (operation.ifMatch !== undefined && !matches(operation.ifMatch, etag)) throw preconditionFailed()
    return { status: 200, charge: readCharge(found.text.length), etag, text: found.text }
  }

  #put(container: Container, operation: Operation & { kind: 'create' | 'upsert' }): Outcome {
    const { body, kind } = operation
    checkDocument(body)
    checkName(body.id)
    const place = { id: body.id, partition: agreedPartition(container, operation.partition, body) }
    const found = this.#documents.find(container, place)
    if (found && kind === 'create') throw new Refusal(409, 'Entity with the specified id already exists in the system.')
    // As the service does: an upsert that finds nothing creates, whatever etag it wants to match.
    if (found) {
      this.#check(operation, found)
      return this.#written(200, this.#documents.update(container, found, body))
    }
    return this.#written(201, this.#documents.insert(container, place, body))
  }

  #replace(container: Container, operation: Place & Conditions & { body: unknown }): Outcome {
    const { body } = operation
    checkDocument(body)
    checkName(body.id)
    agreedPartition(container, operation.partition, body)
    const found = this.#documents.read(container, operation)
    this.#check(operation, found)
    if (body.id !== operation.id)
      throw badRequest(`The id of an item cannot be changed by a replace, here from '${operation.id}' to '${body.id}'.`)
    return this.#written(200, this.#documents.update(container, found, body))
  }

  #patch(container: Container, operation: Place & Conditions & { patch: Patch }): Outcome {
    const found = this.#documents.read(container, operation)
    this.#check(operation, found)
    const document = JSON.parse(found.text) as JsonObject
    if (operation.patch.condition && !operation.patch.condition(document)) throw preconditionFailed()
    applyPatch(document, operation.patch)
    checkDocument(document)
    agreedPartition(container, operation.partition, document)
    return this.#written(200, this.#documents.update(container, found, document))
  }

  #delete(container: Container, operation: Place & Conditions): Outcome {
    const found = this.#documents.read(container, operation)
    this.#check(operation, found)
    this.#documents.delete(container, found)
    return { status: 204, charge: writeCharge(found.text.length) }
  }

  #check({ ifMatch, ifNoneMatch }: Conditions, found: Stored): void {
    const etag = this.#storage.etag(found.lsn)
    if (ifMatch !== undefined && !matches(ifMatch, etag)) throw preconditionFailed()
    if (matches(ifNoneMatch, etag)) throw preconditionFailed()
  }

  #written(status: number, { lsn, text }: Stored): Outcome {
    const charge = status === 201 ? writeCharge(text.length) : replaceCharge(text.length)
    return { status, charge, etag: this.#storage.etag(lsn), text }
  }
}

/** Whether there is a condition that names this etag. */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false
  return condition === '*' || condition.split(',').some((each) => each.trim() === etag)
}

function agreedPartition(container: Container, given: PartitionText | undefined, document: JsonObject): PartitionText {
  const partition = partitionOf(document, container.keyPaths)
  if (given === undefined || given === partition) return partition
  throw badRequest(
    `PartitionKey extracted from document doesn't match the one specified in the header: ${partition} and ${given}.`,
    1001,
  )
}
