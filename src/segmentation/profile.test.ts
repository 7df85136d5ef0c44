import { describe, expect, test } from 'vitest';
import { networkPlugins } from '../manifest/site.ts';
import { ask } from './ask.fixture.ts';
import { podYaml, policyYaml } from './manifests.fixture.ts';
import { calico, cilium, cniProfile, flannel, kubernetes } from './profile.ts';

const text =
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
  podYaml('db', 'app: db', '', 'podIP: 10.1.0.2') +
  policyYaml(
    'db',
    '  podSelector: {matchLabels: {app: db}}\n  ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 5432}, {port: 7, protocol: SCTP}]}]',
  );

describe('network plugins', () => {
  test.each([
    [kubernetes, 'unknown', 'deny', 'allow'],
    [calico, 'allow', 'deny', 'allow'],
    [cilium, 'deny', 'deny', 'unknown'],
    [flannel, 'allow', 'allow', 'allow'],
  ])('$name: a pod in an ipBlock, one outside the ports, SCTP from outside', (profile, block, port, sctp) => {
    const judge = ask(text, { profile });
    expect(judge('shop/web', 'shop/db', 5432).outcome).toBe(block);
    expect(judge('shop/web', 'shop/db', 22).outcome).toBe(port);
    expect(judge('10.1.9.9', 'shop/db', 7, 'SCTP').outcome).toBe(sctp);
    expect(judge('shop/db', 'shop/web', 7, 'SCTP').outcome).toBe('allow');
  });

  test('one that does not enforce policies is said to', () => {
    const { reasons } = ask(text, { profile: flannel })('shop/web', 'shop/db', 22);
    expect(reasons[1]?.text).toBe('the network plugin (flannel) does not enforce policies');
  });

  test('what is said of ipBlock goes before the profile', () => {
    const options = { profile: cilium, ipBlockMatchesPods: 'match' } as const;
    expect(ask(text, options)('shop/web', 'shop/db', 5432).outcome).toBe('allow');
  });

  test.each(networkPlugins)('%s has its own', (name) => expect(cniProfile(name).name).toBe(name));
});
