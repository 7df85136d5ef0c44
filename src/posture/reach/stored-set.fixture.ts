import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../manifest/read.ts';
import { compilePosture, type PostureOptions } from '../compile.ts';
import type { Posture } from '../posture.ts';

/** Sets of manifests with what netpol-analyzer computed of them. */
export const storedSets: string = join(
  process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'data/netpol',
);

/** Returns the sets that have a stored result of this file name; none where the data is not there. */
export function setsWith(result: string): string[] {
  if (!existsSync(storedSets)) return [];
  return readdirSync(storedSets).filter((name) => existsSync(join(storedSets, name, result)));
}

/** Returns the posture of a set; `edit` changes the text of its files. */
export function storedPosture(
  name: string,
  options?: PostureOptions,
  edit?: (text: string) => string,
): Posture {
  const paths = filesUnder(join(storedSets, name, 'input')).filter((path) => /\.(ya?ml|json)$/.test(path));
  const encoder = new TextEncoder();
  const files = paths.map((path) => {
    const bytes = readFileSync(path);
    return { name: path, bytes: edit ? encoder.encode(edit(bytes.toString())) : bytes };
  });
  return compilePosture(readManifests(files), options);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}
