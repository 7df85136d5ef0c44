import { expect, test } from 'vitest';
import { cannotWatch, Guard, has, leftBehind, until } from '../harness.ts';

const skip = cannotWatch ?? (has('ip') && has('nsenter') ? undefined : 'needs iproute2 and util-linux');

/** Reads a server-sent event stream and calls back with each event's type and data. */
async function subscribe(
  url: string,
  on: (type: string, data: Record<string, unknown>) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, { signal });
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body!) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const type = /^event: ?(.*)$/m.exec(event)?.[1];
      const data = /^data: ?(.*)$/m.exec(event)?.[1];
      if (type && data) on(type, JSON.parse(data) as Record<string, unknown>);
    }
  }
}

test.skipIf(skip)(
  `the demo's attacks are told in the terminal and on the stream within 2 s${skip ? `: ${skip}` : ''}`,
  { timeout: 60_000 },
  async () => {
    await using guard = await Guard.start(['--demo']);
    const streamed: { at: number; detector: unknown; title: unknown }[] = [];
    const over = new AbortController();
    void subscribe(
      `${guard.url}/api/v1/stream`,
      (type, { detector, title }) => {
        if (type === 'alert') streamed.push({ at: performance.now(), detector, title });
      },
      over.signal,
    ).catch(() => {});

    const attack = (word: string) =>
      until(`the attack begins: ${word}`, () => guard.stderr.find(({ text }) => text.includes(word)), 20_000);
    const alertOf = (detector: string, title: RegExp) =>
      until(`${detector} alert`, () =>
        guard
          .printed('alert')
          .find((alert) => alert.detector === detector && title.test(String(alert.title))),
      );
    const onStream = (detector: string, title: RegExp) =>
      until(`${detector} alert on the stream`, () =>
        streamed.find((alert) => alert.detector === detector && title.test(String(alert.title))),
      );

    const scan = await attack('scans 200 ports');
    const scanAlert = await alertOf('port-scan', /./);
    expect(scanAlert.at - scan.at).toBeLessThan(2_000);
    expect((await onStream('port-scan', /./)).at - scan.at).toBeLessThan(2_000);
    expect(scanAlert.entity).toContain('guest-laptop');

    const break_ = await attack('database port');
    const gap = await alertOf('policy-violation', /5432/);
    expect(gap.at - break_.at).toBeLessThan(2_000);
    expect((await onStream('policy-violation', /5432/)).at - break_.at).toBeLessThan(2_000);
    expect(gap.severity).toBe('high');
    expect(String(gap.explanation)).toMatch(/micro-segmentation/);
    expect(String(gap.explanation)).toMatch(/policies\.yaml:\d+/);

    // The shop's own traffic is allowed, and so raises nothing.
    const allowed = guard
      .printed('alert')
      .filter(({ title }) => /:8080|:3000/.test(String(title)) && !/guest-laptop/.test(String(title)));
    expect(allowed).toEqual([]);

    over.abort();
    const { pid } = guard.child;
    expect(await guard.stop()).toBe(0);
    expect(leftBehind(pid!)).toEqual([]);
  },
);
