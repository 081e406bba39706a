// Writes docs/parameters.md.
import { writeFileSync } from 'node:fs'

import { parametersDocument } from './parameters-document.ts'

writeFileSync(new URL('../../../docs/parameters.md', import.meta.url), parametersDocument())
