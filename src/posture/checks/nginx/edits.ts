import type { Span, TextEdit } from '../../../diagnostic/diagnostic.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import type { NginxAnnotation } from '../../controls/nginx.ts';
import { removeLines } from '../yaml-edit.ts';

/** Returns the edit that calls the annotation by another name; undefined where it is written in an unusual way. */
export function renamed(
  sources: SourceTexts,
  { name, keySpan }: NginxAnnotation,
  wanted: string,
): TextEdit | undefined {
  const { annotationPrefix } = ingressNginx;
  return replaced(sources, keySpan, annotationPrefix + name, annotationPrefix + wanted);
}

/** Returns the edit that gives the annotation another value. */
export function rewritten(
  sources: SourceTexts,
  { value, span }: NginxAnnotation,
  wanted: string,
): TextEdit | undefined {
  return replaced(sources, span, value, wanted);
}

/** Returns the edit that takes the annotation out. */
export function removed(sources: SourceTexts, { keySpan, span }: NginxAnnotation): TextEdit | undefined {
  return removeLines(sources, keySpan, span);
}

/** Returns the edit that writes another text at `span`, within its quotes; undefined where the old one is not as read. */
export function replaced(
  sources: SourceTexts,
  span: Span,
  old: string,
  wanted: string,
): TextEdit | undefined {
  const text = sources.get(span.file)?.slice(span.start.offset, span.end.offset);
  const quote = text?.[0] === '"' || text?.[0] === "'" ? text[0] : '';
  if (text !== quote + old + quote) return undefined;
  return { span, text: quote + wanted + quote };
}

/** Returns the edits when there is one for each, so that no fix is half a fix. */
export function allOf(edits: readonly (TextEdit | undefined)[]): readonly TextEdit[] | undefined {
  const made = edits.filter((edit) => edit !== undefined);
  return made.length > 0 && made.length === edits.length ? made : undefined;
}
