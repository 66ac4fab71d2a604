/**
 * Request units as Cosmos DB would roughly charge them with little indexed: 1 for a point read of 1 KB, 5.29 for writing
 * 1 KB, twice that for replacing it, and for a query by what it looks at and what it returns.
 */
const kilobytes = (bytes: number) => Math.max(1, bytes / 1024)

const rounded = (units: number) => Math.round(units * 100) / 100

export const readCharge = (bytes: number) => rounded(kilobytes(bytes))
export const writeCharge = (bytes: number) => rounded(5.29 * kilobytes(bytes))
export const replaceCharge = (bytes: number) => rounded(10.29 * kilobytes(bytes))
export const queryCharge = (scanned: number, bytes: number) => rounded(2.27 + 0.031 * scanned + 0.1 * (bytes / 1024))

/** For anything about databases and containers, and for what was refused. */
export const metadataCharge = 1
