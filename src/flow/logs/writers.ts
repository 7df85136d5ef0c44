import type { FlowWriterDefinition } from './flow-writer.ts';
import { csvWriter } from './write-csv.ts';
import { jsonlWriter } from './write-jsonl.ts';
import { ocsfWriter } from './write-ocsf.ts';
import { zeekWriter } from './write-zeek.ts';

/** Every form in which flows are written. */
export const flowWriters: readonly FlowWriterDefinition[] = [zeekWriter, jsonlWriter, csvWriter, ocsfWriter];
