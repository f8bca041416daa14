/** The published JSON Schema, which gives editors completion and hover texts. */
import * as z from 'zod';
import { scenarioFileSchema } from './schema.ts';

/** The scenario file in JSON Schema, draft 2020-12. What stands in a text (an address, a duration) it only describes. */
export function jsonSchemaOfFile(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(scenarioFileSchema, { target: 'draft-2020-12' });
}
