import type { Capabilities } from '../../event/capabilities.ts';
import type { Correlation } from '../correlation.ts';
import { type Faithfulness, faithful } from '../faithful.ts';
import type { SourceCatalogue } from '../operand-type.ts';
import { patternsOf } from './tracker.ts';

/** Returns how far a correlation can be evaluated: without what must not come it says too much, but it does fire. */
export function faithfulCorrelation(
  asks: Correlation['asks'],
  source: SourceCatalogue,
  capabilities: Capabilities,
): Faithfulness {
  const patterns = patternsOf(asks);
  const whole = faithful(
    patterns.map(({ condition }) => condition),
    source,
    capabilities,
  );
  if (whole.state !== 'none') return whole;
  const needed = patterns.filter(({ name }) => name !== 'without' && name !== 'expected');
  const { state } = faithful(
    needed.map(({ condition }) => condition),
    source,
    capabilities,
  );
  return { ...whole, state: state === 'none' ? 'none' : 'partial' };
}
