import type { ReadLimits } from '../manifest/limits.ts';
import { readManifests } from '../manifest/read.ts';
import type { InputFile, ManifestSet } from '../manifest/resource.ts';
import { compilePosture, type PostureOptions } from '../posture/compile.ts';
import type { Posture } from '../posture/posture.ts';
import { type Inputs, readInputs } from './inputs.ts';
import type { Io } from './io.ts';

/** What was declared, compiled. */
export interface Declaration {
  readonly set: ManifestSet;
  readonly posture: Posture;
}

export interface Loaded extends Declaration, Inputs {}

/** Reads and compiles the manifests under `paths`. Throws UsageError for a path that does not exist. */
export async function loadPosture(
  paths: readonly string[],
  io: Io,
  limits: Partial<ReadLimits> = {},
  options: PostureOptions = {},
): Promise<Loaded> {
  const inputs = await readInputs(paths, io);
  return { ...inputs, ...declarationOf(inputs.files, limits, options) };
}

/** Compiles files that were read. */
export function declarationOf(
  files: readonly InputFile[],
  limits: Partial<ReadLimits> = {},
  options: PostureOptions = {},
): Declaration {
  const set = readManifests(files, limits);
  return { set, posture: compilePosture(set, options) };
}
