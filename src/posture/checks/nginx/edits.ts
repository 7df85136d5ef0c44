import type { TextEdit } from '../../../diagnostic/diagnostic.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import type { NginxAnnotation } from '../../controls/nginx.ts';
import { removeLines, replaceText } from '../yaml-edit.ts';

/** Returns the edit that calls the annotation by another name; undefined where it is written in an unusual way. */
export function renamed(
  sources: SourceTexts,
  { name, keySpan }: NginxAnnotation,
  wanted: string,
): TextEdit | undefined {
  const { annotationPrefix } = ingressNginx;
  return replaceText(sources, keySpan, annotationPrefix + name, annotationPrefix + wanted);
}

/** Returns the edit that gives the annotation another value. */
export function rewritten(
  sources: SourceTexts,
  { value, span }: NginxAnnotation,
  wanted: string,
): TextEdit | undefined {
  return replaceText(sources, span, value, wanted);
}

/** Returns the edit that takes the annotation out. */
export function removed(sources: SourceTexts, { keySpan, span }: NginxAnnotation): TextEdit | undefined {
  return removeLines(sources, keySpan, span);
}

/** Returns the edits when there is one for each, so that no fix is half a fix. */
export function allOf(edits: readonly (TextEdit | undefined)[]): readonly TextEdit[] | undefined {
  const made = edits.filter((edit) => edit !== undefined);
  return made.length > 0 && made.length === edits.length ? made : undefined;
}
