import type { Flow } from '../flow/flow.ts';
import type { DetectorDefinition, Finding, Technique } from './detector.ts';
import { learnedText, noveltyEvidence, serviceNumber, serviceText } from './novelty.ts';
import {
  type NewServiceSeen,
  ServiceNovelty,
  type ServiceNoveltyOptions,
  type ServiceWays,
  serviceNoveltyOptions,
} from './service-novelty.ts';
import { fullNameOf, nameOf, plural, processText } from './text.ts';

const id = 'new-service';

const remoteServices: Technique = { id: 'T1021', name: 'Remote Services', tactic: 'Lateral Movement' };
const otherPort: Technique = { id: 'T1571', name: 'Non-Standard Port', tactic: 'Command and Control' };

function single(told: NewServiceSeen): Finding {
  const { flow } = told;
  const who = nameOf(flow.source);
  const service = serviceText(flow);
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who, serviceNumber(flow)]),
    title: `${who} used ${service} for the first time, at ${nameOf(flow.destination)}`,
    explanation: `${whatHappened(flow)}, a service that it never used before, at any server. ${learnedText(told.habits, 'services')} ${whatFollows}`,
  };
}

function many(told: NewServiceSeen): Finding {
  const { flow, habits, settings } = told;
  const who = nameOf(flow.source);
  const further = plural(habits.further, 'more new service');
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who]),
    title: `${who} uses many new services: ${habits.further} more`,
    explanation: `Beyond ${settings.each} with an alert each, ${who} used ${further}. The latest: ${whatHappened(flow)}. ${learnedText(habits, 'services')} ${whatFollows}`,
  };
}

const whatFollows =
  'A machine of fixed ways that begins to use another service was given a new task, or is used by somebody to move on or to call home.';

function whatHappened(flow: Flow): string {
  return `${fullNameOf(flow.source)} connected to ${fullNameOf(flow.destination)} on ${serviceText(flow)}`;
}

function common({ flow, at, habits, settings }: NewServiceSeen) {
  const { source, destination } = flow;
  return {
    detector: id,
    severity: 'low' as const,
    at,
    entity: nameOf(source),
    evidence: [
      { name: 'source', value: fullNameOf(source) },
      ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
      { name: 'new service', value: serviceText(flow), expected: 'one that was used before' },
      { name: 'destination', value: fullNameOf(destination) },
      ...noveltyEvidence(habits, settings, 'services'),
    ],
    techniques: [remoteServices, otherPort],
    flows: [flow],
  };
}

const ways: ServiceWays = {
  whose: (flow, ours) => (ours.hasSource(flow) ? flow.source : undefined),
  single,
  many,
};

/** What service somebody uses for the first time. */
export const newService: DetectorDefinition<ServiceNoveltyOptions> = {
  id,
  title: 'New service',
  since: '0.2.0',
  techniques: [remoteServices, otherPort],
  options: serviceNoveltyOptions,
  doc: `One of ours that is of fixed ways and uses a service, which is a protocol and port, for the first time, at whichever server: a till that always spoke
HTTPS and now SSH. It is learned, told and forgotten as in new-peer, by the same options: 7 days, or 10,000 contacts in a row with nothing new; who
used more than 3 services for the first time in the second half of that is told nothing of. All ports from 32768 on are one service, since
programs agree on any of them among themselves (FTP, RPC, calls).

It is a sign where new-peer has none: a machine may talk to a server all day and then, for the first time, by another door.

It cannot see another service behind a port that is used already, an intruder who was there while it learned, or what machines do that always try
something else. After a restart of the agent it learns anew. One new service in 900 is taken for known.

ATT&CK: T1021 where it is one of the services to log in by, T1571 for others; by itself it shows neither.

Memory: as new-peer, 4 MB as preset.`,
  create: (settings) => new ServiceNovelty(settings, ways),
};
