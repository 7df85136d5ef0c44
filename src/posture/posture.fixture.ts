import { readManifests } from '../manifest/read.ts';
import { compilePosture, type PostureOptions } from './compile.ts';
import type { Posture } from './posture.ts';

/** Returns the posture of manifests and, when given, of a site file. */
export function postureOf(text: string, site?: string, options?: PostureOptions): Posture {
  const encode = (name: string, content: string) => ({ name, bytes: new TextEncoder().encode(content) });
  const files = [encode('shop.yaml', text), ...(site === undefined ? [] : [encode('picket.yaml', site)])];
  return compilePosture(readManifests(files), options);
}
