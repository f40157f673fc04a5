#!/usr/bin/env node
import { enableCompileCache } from "node:module"

// The cache must be on before the rest is loaded, so the rest is imported, not linked.
enableCompileCache()
const { main } = await import("./main.ts")
main()
