/**
 * Resource ids as Cosmos DB makes them: 4 bytes of database, 4 of container (first bit set), 8 of document, in base64
 * with `-` for `/`. The SDK decodes them: a container's must have 8 bytes, or it keeps no session.
 */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('/', '-')
}

export function databaseRid(database: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(database >>> 0)
  return encode(bytes)
}

export function containerRid(database: number, container: number): string {
  return encode(containerBytes(database, container, 8))
}

function containerBytes(database: number, container: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeUInt32LE(database >>> 0)
  bytes.writeUInt32BE((0x80000000 | container) >>> 0, 4)
  return bytes
}

/** Makes the ids of a container's documents. */
export function documentRids(database: number, container: number): (document: number) => string {
  const bytes = containerBytes(database, container, 16)
  return (document) => {
    bytes.writeBigUInt64LE(BigInt(document), 8)
    return encode(bytes)
  }
}
