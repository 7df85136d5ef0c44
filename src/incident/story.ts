import { listText, plural } from '../detect/text.ts';
import type { Draft } from './draft.ts';
import type { IncidentEntity, IncidentStage } from './incident.ts';
import { tacticOrder } from './tactic.ts';

/** Names and steps that a sentence has room for. */
const [maxNames, maxSteps] = [4, 8];

/** Returns the stages in the order in which they began; of those that began together, in the order of an attack. */
export function orderedStages({ stages }: Draft): IncidentStage[] {
  return [...stages.values()].sort(
    (one, other) => one.firstAt - other.firstAt || tacticOrder(one.tactic) - tacticOrder(other.tactic),
  );
}

/** Returns the headline: that of the alert where there is one only, else who did it and what it consists of. */
export function titleOf(draft: Draft): string {
  const stages = orderedStages(draft);
  const first = stages[0]?.title ?? '';
  if (draft.alertCount === 1) return first;
  if (stages.length === 1) return `${first}, and ${plural(draft.alertCount - 1, 'more alert')}`;
  const tactics = stages.map(({ tactic }) => tactic).join(' → ');
  return `${names(rootsOf(draft))}: ${tactics}`;
}

/** Returns one paragraph in plain words: who, what in which order, what worked, what was stopped, and what is not known. */
export function storyOf(draft: Draft): string {
  return [opening(draft), ...steps(draft), ...handovers(draft), ...outcomes(draft), ...gaps(draft)].join(' ');
}

function opening(draft: Draft): string {
  const roots = rootsOf(draft);
  const targets = [...draft.entities.values()].filter(
    (one) => one.target !== undefined && !roots.includes(one),
  );
  const harmed = targets.filter(({ isOutlet }) => isOutlet !== true);
  const outlets = targets.filter(({ isOutlet }) => isOutlet === true);
  const when =
    draft.lastAt - draft.openedAt < 1000
      ? `At ${dateTime(draft.openedAt)} UTC`
      : `From ${dateTime(draft.openedAt)} to ${timeAfter(draft.openedAt, draft.lastAt)} UTC`;
  const whom = harmed.length === 0 ? '' : ` against ${names(harmed)}`;
  const farEnd = outlets.length === 0 ? '' : `, with ${names(outlets)} at the far end`;
  return `${when} ${names(roots)} acted${whom}${farEnd}, in ${plural(draft.alertCount, 'alert')}.`;
}

function steps(draft: Draft): string[] {
  const stages = orderedStages(draft);
  const told = stages.slice(0, maxSteps).map(({ tactic, firstAt, title, alerts }, at) => {
    const when = `${at === 0 ? 'First' : 'Then'}, at ${timeAfter(draft.openedAt, firstAt)}`;
    return `${when}, ${tactic}: ${sentence(title)}${alerts > 1 ? ` (and ${plural(alerts - 1, 'more alert')})` : ''}.`;
  });
  const rest = stages.length - told.length;
  return rest > 0 ? [...told, `${plural(rest, 'more tactic')} followed.`] : told;
}

/** Who was taken, and who of them acted afterwards. */
function handovers({ entities, openedAt }: Draft): string[] {
  const taken = [...entities.values()].filter(({ takenAt }) => takenAt !== undefined);
  if (taken.length === 0) return [];
  const texts = taken.map(({ name, takenAt = 0, actor }) => {
    const then = actor !== undefined && actor.latestBegan >= takenAt ? ', and acted then' : '';
    return `${name} (since ${timeAfter(openedAt, takenAt)}${then})`;
  });
  const shown = texts.slice(0, maxNames);
  return [`In other hands may be ${listText(shown, texts.length - shown.length)}.`];
}

function outcomes({ alerts, dropped }: Draft): string[] {
  const of = (wanted: string | undefined) => {
    const found = [...alerts.values()].filter(({ outcome }) => outcome === wanted);
    return [...new Set(found.flatMap(({ tactics }) => tactics))].sort(
      (one, other) => tacticOrder(one) - tacticOrder(other),
    );
  };
  const [worked, blocked, failed, open] = [of('succeeded'), of('blocked'), of('failed'), of(undefined)];
  return [
    ...(worked.length > 0 ? [`It worked: ${worked.join(', ')}.`] : []),
    ...(blocked.length > 0 ? [`It was blocked: ${blocked.join(', ')}.`] : []),
    ...(failed.length > 0 ? [`It came to nothing: ${failed.join(', ')}.`] : []),
    ...(open.length > 0 ? [`How this came out is not known: ${open.join(', ')}.`] : []),
    ...(dropped.alerts > 0 ? [`${plural(dropped.alerts, 'alert')} more had no room in the list.`] : []),
  ];
}

function gaps({ lost }: Draft): string[] {
  if (lost === 0) return [];
  return [`Sensors lost ${plural(lost, 'record')} meanwhile: there may be more to it than this.`];
}

/** Those who did something and were not taken by others before; where there is none, whoever is known. */
function rootsOf({ entities }: Draft): IncidentEntity[] {
  const all = [...entities.values()];
  const isRoot = ({ actor, takenAt }: IncidentEntity) =>
    actor !== undefined && (takenAt === undefined || actor.firstAt < takenAt);
  const roots = all.filter(isRoot);
  if (roots.length > 0) return roots;
  return all.filter(({ actor }) => actor !== undefined);
}

function names(entities: readonly IncidentEntity[]): string {
  if (entities.length === 0) return 'somebody unknown';
  const shown = entities.slice(0, maxNames).map(({ name }) => name);
  return listText(shown, entities.length - shown.length);
}

/** A title within a sentence: without a full stop of its own. */
function sentence(title: string): string {
  return title.replace(/[.!]+$/, '');
}

function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** A time as short as it can be said after another one: without the date on the same day. */
function timeAfter(before: number, at: number): string {
  const text = dateTime(at);
  return text.slice(0, 10) === dateTime(before).slice(0, 10) ? text.slice(11) : text;
}
