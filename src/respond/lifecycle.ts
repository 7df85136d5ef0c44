import type { Response, ResponseState } from './model.ts';

/** What may happen to a response. Times: ms since the epoch. */
export type ResponseEvent = { readonly at: number; readonly by?: string } & (
  | { readonly kind: 'denied' | 'lapsed' | 'refused' | 'failed' | 'undone'; readonly why: string }
  | { readonly kind: 'applied'; readonly expiresAt: number }
  | { readonly kind: 'begun' | 'expired' }
);

type EventKind = ResponseEvent['kind'];

/** From which states an event leads, and where. */
const ways: Readonly<Record<EventKind, readonly [readonly ResponseState[], ResponseState]>> = {
  denied: [['waiting'], 'refused'],
  lapsed: [['waiting'], 'refused'],
  refused: [['waiting'], 'refused'],
  begun: [['waiting', 'applying'], 'applying'],
  applied: [['applying'], 'applied'],
  failed: [['applying'], 'failed'],
  undone: [['applying', 'applied'], 'undone'],
  expired: [['applying', 'applied'], 'expired'],
};

/** Returns the response after the event, undefined where that cannot happen to it in its state. */
export function after(response: Response, event: ResponseEvent): Response | undefined {
  const [from, to] = ways[event.kind];
  if (!from.includes(response.state)) return undefined;
  const { at, by } = event;
  const isOpen = to === 'applying' || to === 'applied';
  return {
    ...response,
    state: to,
    ...(by !== undefined && { by }),
    ...('why' in event && { why: event.why }),
    ...(event.kind === 'applied' && { appliedAt: at, expiresAt: event.expiresAt }),
    ...(!isOpen && { endedAt: at }),
  };
}
