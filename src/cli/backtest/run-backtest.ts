import { loadPublicSuffixes } from '../../detect/registrable-domain.ts';
import { readDetectSettings } from '../../detect/settings/settings.ts';
import type { ReadLimits } from '../../manifest/limits.ts';
import { UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { loadPosture } from '../load-posture.ts';
import { progress } from '../progress.ts';
import { type FlowInputTaker, readFlowInput } from '../replay/flow-input.ts';
import { flowInputsOf } from '../replay/replay-flows.ts';
import { Backtest, type BacktestResult } from './backtest.ts';
import type { Chosen } from './choose.ts';

/** What a backtest goes over. */
export interface BacktestRequest {
  readonly paths: readonly string[];
  readonly from: string | undefined;
  readonly manifests: readonly string[];
  readonly limits: Partial<ReadLimits>;
  readonly inside: readonly string[];
  /** Alerts for each host and day. */
  readonly budget: number;
}

/** Runs a backtest over files of flows. Throws UsageError and FailedError. */
export async function runBacktest(
  { definition, option, values }: Chosen,
  request: BacktestRequest,
  io: Io,
): Promise<BacktestResult> {
  const { paths, from, manifests, limits, inside, budget } = request;
  const inputs = await flowInputsOf(paths, from, io);
  const other = inputs.indexOf(undefined);
  if (other >= 0)
    throw new UsageError(
      `${paths[other]} holds no flows of a form that is known`,
      'it takes captures, logs of flows and logs of services, as picket replay does; --from says of what form a log of flows is',
    );
  const loaded = await loadPosture(manifests, io, limits);
  for (const { name, reason } of loaded.unreadable)
    io.err(`${io.errStyle('yellow', 'warning')}: ${name} was not read: ${reason}\n`);
  await loadPublicSuffixes();
  const { settings } = readDetectSettings(loaded.set.site, [definition], Date.now());
  const others = settings.options.get(definition.id) ?? {};
  const backtest = new Backtest(loaded.posture, definition, { option, values, others }, inside, budget);
  const told = progress(io, 'flows');
  const taker: FlowInputTaker = {
    flow(flow) {
      backtest.take(flow);
      told.step();
    },
    dns: (message) => backtest.takeDns(message),
    log(seen) {
      backtest.takeLog(seen);
      told.step();
    },
  };
  for (const input of inputs) {
    if (input === undefined) continue;
    await readFlowInput(input.file, input.kind, taker, undefined, io);
  }
  told.end();
  const result = backtest.end();
  if (result.hosts === 0)
    io.err(
      `${io.errStyle('yellow', 'warning')}: no host of ours is in it; name public networks of yours with --inside\n`,
    );
  return result;
}
