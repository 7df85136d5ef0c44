import type { RuleSet } from '../../rules/rule-set.ts';

/** What is asked of events, of all sources, and how alerts are made of it. Plain data: it goes from thread to thread. */
export interface AskedSet extends Pick<RuleSet, 'rules' | 'correlations'> {
  /** Of an event the first rule that holds, or all. */
  readonly matching: 'first' | 'all';
  /** Values of `static.NAME`, by name. */
  readonly staticFields: ReadonlyMap<string, string>;
  /** In outputs (`buffer_format_base64`). */
  readonly bytesAsBase64: boolean;
}
