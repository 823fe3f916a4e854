/** Writes schemas/settings.schema.json from what the program checks settings against. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsSchema } from '../src/state/settings/settings-schema.ts';

writeFileSync(
  join(import.meta.dirname, '../schemas/settings.schema.json'),
  `${JSON.stringify(settingsSchema(), null, 2)}\n`,
);
