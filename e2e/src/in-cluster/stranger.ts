/** Does nothing until it is told to end: a place in the cluster's network from which others are asked. */
const stay = setInterval(() => {}, 60_000)
process.once('SIGTERM', () => clearInterval(stay))
