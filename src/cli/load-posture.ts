import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { ReadLimits } from '../manifest/limits.ts';
import { readManifests } from '../manifest/read.ts';
import type { InputFile, ManifestSet } from '../manifest/resource.ts';
import { compilePosture, type PostureOptions } from '../posture/compile.ts';
import type { Posture } from '../posture/posture.ts';
import { type Inputs, readInputs } from './inputs.ts';
import type { Io } from './io.ts';

/** What was declared, compiled, with everything that was found wrong on the way, in the order of files and lines. */
export interface Declaration {
  readonly set: ManifestSet;
  readonly posture: Posture;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Loaded extends Declaration, Inputs {}

/** Reads, compiles and checks the manifests under `paths`. Throws UsageError for a path that does not exist. */
export async function loadPosture(
  paths: readonly string[],
  io: Io,
  limits: Partial<ReadLimits> = {},
  options: PostureOptions = {},
): Promise<Loaded> {
  const inputs = await readInputs(paths, io);
  return { ...inputs, ...declarationOf(inputs.files, limits, options) };
}

/** Compiles and checks files that were read. */
export function declarationOf(
  files: readonly InputFile[],
  limits: Partial<ReadLimits> = {},
  options: PostureOptions = {},
): Declaration {
  const set = readManifests(files, limits);
  const posture = compilePosture(set, options);
  const order = new Map(files.map(({ name }, index) => [name, index]));
  const place = ({ span }: Diagnostic) => (span ? [order.get(span.file) ?? 0, span.start.offset] : [-1, 0]);
  const diagnostics = posture.diagnostics.toSorted((x, y) => {
    const [xFile = 0, xOffset = 0] = place(x);
    const [yFile = 0, yOffset = 0] = place(y);
    return xFile - yFile || xOffset - yOffset;
  });
  return { set, posture, diagnostics };
}
