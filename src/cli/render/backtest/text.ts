import { plural } from '../../../detect/text.ts';
import type { BacktestResult, Tried } from '../../backtest/backtest.ts';
import type { Io } from '../../io.ts';
import { printable, table } from '../../table.ts';

/** Returns the values that were tried, and which of them meets the budget, for a terminal. */
export function backtestText(result: BacktestResult, style: Io['style']): string {
  const { detector, option, tried, hosts, hostDays, flows } = result;
  const rows = tried.map((one) => [
    `${number(one.value)}${one.isPreset ? ' (preset)' : ''}`,
    String(one.alerts),
    rate(one.perHostDay),
    rate(one.atMost),
  ]);
  const shown =
    result.tried.find(({ value }) => value === (result.meetsSurely ?? result.meets)) ?? tried.at(-1);
  return [
    `${style('bold', detector)}: ${plural(flows, 'flow')}, ${plural(hosts, 'host')} of ours, ${hostDays.toFixed(1)} host-days\n\n`,
    table([option, 'alerts', 'a host-day', 'at most (95 %)'], rows),
    `\n${verdict(result)}\n`,
    titles(option, shown),
  ].join('');
}

function verdict({
  option,
  meets,
  meetsSurely,
  budget,
  hostDays,
  hostDaysNeeded,
  tried,
}: BacktestResult): string {
  const within = `${number(budget)} a host and day`;
  const of = (value: number) => tried.find((one) => one.value === value)!;
  const more = `To know that ${within} is met takes ${hostDaysNeeded.toFixed(1)} host-days without an alert; these are ${hostDays.toFixed(1)}.`;
  if (meetsSurely !== null) {
    const { alerts, atMost } = of(meetsSurely);
    return `${option} ${number(meetsSurely)} meets the budget of ${within}: ${plural(alerts, 'alert')} in ${hostDays.toFixed(1)} host-days, so at most ${rate(atMost)} with 95 % confidence.`;
  }
  if (meets !== null)
    return `${option} ${number(meets)} meets the budget of ${within} by what was counted, ${rate(of(meets).perHostDay)}; it may be as much as ${rate(of(meets).atMost)}. ${more}`;
  return `No value that was tried meets the budget of ${within}. ${more}`;
}

function titles(option: string, tried: Tried | undefined): string {
  if (tried === undefined || tried.titles.length === 0) return '';
  const rest = tried.alerts - tried.titles.length;
  const lines = tried.titles.map((title) => `  ${printable(title)}\n`).join('');
  return `\nWith ${option} ${number(tried.value)}:\n${lines}${rest > 0 ? `  and ${rest} more\n` : ''}`;
}

function rate(value: number | null): string {
  return value === null ? '-' : value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function number(value: number): string {
  return value >= 1e6 ? `${value / 1e6}e6` : String(Number(value.toPrecision(6)));
}
