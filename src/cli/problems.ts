import { detectors } from '../detect/registry.ts';
import { readDetectSettings } from '../detect/settings/settings.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { InputFile } from '../manifest/resource.ts';
import { checkPosture } from '../posture/check.ts';
import type { Declaration } from './load-posture.ts';

/** Returns everything found wrong in the files, reading them and checking what they declare, in the order of files and lines. */
export function problemsOf({ set, posture }: Declaration, files: readonly InputFile[]): Diagnostic[] {
  const order = new Map(files.map(({ name }, index) => [name, index]));
  const place = ({ span }: Diagnostic) => (span ? [order.get(span.file) ?? 0, span.start.offset] : [-1, 0]);
  const { diagnostics: ofDetectors } = readDetectSettings(set.site, detectors, Date.now());
  return [...set.diagnostics, ...checkPosture(posture), ...ofDetectors].sort((x, y) => {
    const [xFile = 0, xOffset = 0] = place(x);
    const [yFile = 0, yOffset = 0] = place(y);
    return xFile - yFile || xOffset - yOffset;
  });
}
