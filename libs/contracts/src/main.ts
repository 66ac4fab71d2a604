import { emulatorConfig, microsoftEmulator } from './emulator.ts'

/** `npm run --silent topology`: prints the topology for Microsoft's Service Bus emulator; compose.yaml mounts it. */

console.log(JSON.stringify(emulatorConfig(microsoftEmulator), null, 2))
