import { describe, expect, test } from 'vitest';
import { cannotEnforce, foreignRules } from '../../src/enforce/namespace.fixture.ts';
import { cannotWatch, has, slowness, until } from '../harness.ts';
import { attackerAddress, RespondSite } from './site.fixture.ts';

const skip = cannotWatch ?? cannotEnforce ?? (has('nmap') ? undefined : 'needs nmap');

/** Only what this test's attacker does: the sensor sees every network namespace of the machine. */
const playbook = (more = '', time = '1h') => `respond:
  ${more}
  playbooks:
  - {name: scans, match: 'detector=port-scan src=${attackerAddress}', dryRun: false, do: [{block: source, for: ${time}}]}
`;

describe.skipIf(skip !== undefined)(`responses to a real scan${skip ? ` (skipped: ${skip})` : ''}`, () => {
  test('proposed, approved, cut within a second; who only uses the machine loses no request; panic leaves no trace', async () => {
    await using site = new RespondSite();
    foreignRules(site.machine);
    const before = [site.steadyRules(), site.machine.foreign()];
    site.file('picket.yaml', playbook());
    await site.serve(80, 443);
    await site.guard();
    const legitimate = site.requests(site.client, 80, 5000);
    site.scan();
    await site.told('decided');
    const hostile = site.requests(site.attacker, 443, 1000);
    const [waiting] = site.responses();
    expect(waiting).toMatchObject({ id: 'r1', state: 'waiting', title: `block ${attackerAddress} for 1h` });
    expect(site.steadyRules()).toBe(before[0]);
    expect(site.reaches(site.attacker, 443)).toBe(true);

    const { sent, answered, text } = site.approve('r1');
    expect(text).toContain('r1 is in force');
    await site.told('applied');
    expect(site.reaches(site.attacker, 443)).toBe(false);
    const attacks = await hostile();
    const uses = await legitimate();
    const last = Math.max(...attacks.filter(({ ok }) => ok).map(({ at }) => at));
    console.info(
      `approval answered after ${answered - sent} ms; last connection of the attacker begun ${last - sent} ms after it was sent; ` +
        `${attacks.filter(({ ok, at }) => ok && at < sent).length} of its requests were answered before; ` +
        `client: ${uses.length} requests, ${uses.filter(({ ok }) => !ok).length} lost`,
    );
    expect(attacks.some(({ ok, at }) => ok && at < sent)).toBe(true);
    expect(attacks.some(({ ok, at }) => !ok && at > answered)).toBe(true);
    expect(last - sent).toBeLessThan(1000 * slowness());
    expect(uses.filter(({ ok }) => !ok)).toEqual([]);
    expect(uses.filter(({ at }) => at > answered).length).toBeGreaterThan(10);

    const panic = site.picket('respond', 'panic', '--reason', 'a test');
    expect([panic.code, panic.out]).toEqual([0, expect.stringContaining('1 response is ended')]);
    expect([site.steadyRules(), site.machine.foreign()]).toEqual(before);
    expect(site.reaches(site.attacker, 443)).toBe(true);
    expect(site.picket('respond', 'list').out).toContain('nothing is done since the panic');
    expect(site.picket('respond', 'resume').code).toBe(0);
    expect(site.picket('audit', 'verify').out).toMatch(/^whole: \d+ lines\nhead \d+:[0-9a-f]{64}\n$/);
    expect(site.picket('audit', 'list').out).toMatch(/undone by anna {2}r1 {2}panic: a test/);
  }, 600_000);

  test('one that would break a must is refused with the reason, and nobody can agree to it', async () => {
    await using site = new RespondSite();
    site.file('picket.yaml', playbook());
    site.file(
      'picket-test.yaml',
      `assertions:\n- {name: the partner pays, must: {from: ${attackerAddress}, to: shop/web, port: 443}}\n`,
    );
    site.file(
      'web.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: example.test/b}]}\n',
    );
    await site.serve(443);
    await site.guard();
    site.scan();
    await site.told('decided');
    const why = `the assertion "the partner pays" would break (${attackerAddress}/32 → shop/web)`;
    expect(site.responses()).toMatchObject([{ state: 'refused', why }]);
    expect(site.picket('respond', 'list').out).toContain(`why: ${why}`);
    const { code, err } = site.picket('respond', 'approve', 'r1');
    expect([code, err]).toEqual([1, 'r1 is refused, not waiting\n']);
    expect(site.rules()).toBe('');
  }, 600_000);

  test('killed between apply and confirm, it is undone: by the next start at once, else by the kernel', async () => {
    await using site = new RespondSite();
    // What is to be reached afterwards is just what is cut, so that the probes take their time before they say no.
    site.file('picket.yaml', playbook(`probes: ['${attackerAddress}:9999']`));
    const listen = `require('net').createServer((s) => s.destroy()).listen(9999, () => console.log('ready'))`;
    const target = site.start(site.attacker, process.execPath, '-e', listen);
    await new Promise((resolve) => target.stdout?.once('data', resolve));
    await site.serve(443);
    await site.guard();
    site.scan();
    await site.told('decided');
    expect(site.approve('r1').text).toContain('in force');
    await site.kill();
    expect(site.rules()).toContain(attackerAddress);
    expect(site.reaches(site.attacker, 443)).toBe(false);
    expect(site.responses()).toMatchObject([{ state: 'applying' }]);

    await site.guard();
    await site.told('undone');
    expect(site.reaches(site.attacker, 443)).toBe(true);
    expect(site.responses()[0]).toMatchObject({
      state: 'undone',
      why: 'Picket ended before it was known to be harmless',
    });
    expect(site.rules()).toBe('');

    // Without one that starts again.
    site.scan();
    await until(
      'another response waits',
      () => site.responses().some(({ id, state }) => id === 'r2' && state === 'waiting') || undefined,
      60_000,
    );
    expect(site.approve('r2').text).toContain('in force');
    await site.kill();
    expect(site.reaches(site.attacker, 443)).toBe(false);
    await until('the kernel has ended it', () => site.reaches(site.attacker, 443) || undefined, 45_000);
    expect(site.rules()).not.toContain(attackerAddress);
    const undone = site.picket('respond', 'undo', 'r2');
    expect([undone.code, undone.out]).toEqual([0, `r2 is undone: block ${attackerAddress} for 1h\n`]);
    expect(site.rules()).toBe('');
  }, 600_000);

  test('its time ends it with Picket dead, and what waits is never done', async () => {
    await using site = new RespondSite();
    site.file('picket.yaml', playbook('', '8s'));
    await site.serve(443);
    await site.guard();
    site.scan();
    await site.told('decided');
    expect(site.picket('respond', 'approve', 'r1').out).toContain('r1 is in force');
    await site.told('applied');
    await site.kill();
    expect(site.reaches(site.attacker, 443)).toBe(false);
    await until('the kernel has ended it', () => site.reaches(site.attacker, 443) || undefined, 20_000);
    expect(site.rules()).not.toContain(attackerAddress);
    const { code, err } = site.picket('respond', 'approve', 'r1');
    expect([code, err]).toEqual([3, expect.stringContaining('no picket run guards this machine')]);
    await site.guard();
    await site.told('expired');
    expect(site.rules()).toBe('');
  }, 600_000);
});
