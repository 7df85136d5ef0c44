import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Direction } from '../../../flow/verdict.ts';
import { AddressSet } from '../../../net/address-set.ts';
import type { IpBlock } from '../../../segmentation/ip-block.ts';
import type { PolicyPeer, PolicyRule } from '../../../segmentation/network-policy.ts';
import { pathText } from '../../../segmentation/network-policy.ts';
import type { Check } from '../definition.ts';
import { implies } from './companions.ts';
import { coversPorts } from './covers-ports.ts';

/** A rule that allows nothing which another rule of the same policy does not allow. */
export const redundantRule: Check = {
  code: 'PKT1016',
  title: 'Redundant rule',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `Everything that a rule of a NetworkPolicy allows is allowed by another rule of the same policy and direction: its peers
and its ports are part of that rule's. Removing it changes nothing. Often the wider rule is the mistake: it was meant to
be narrow, and the narrow one does not narrow it, since rules add up.`,
  example: {
    bad: 'ingress:\n- from: [{podSelector: {}}]\n- from: [{podSelector: {matchLabels: {app: web}}}]\n  ports: [{port: 80}]',
    good: 'ingress:\n- from: [{podSelector: {matchLabels: {app: web}}}]\n  ports: [{port: 80}]',
  },
  run({ segmentation }) {
    return segmentation.policies.flatMap(({ policy }) => {
      if (policy.fault !== undefined) return [];
      return (['ingress', 'egress'] as const).flatMap((direction: Direction) => {
        const rules = policy.rules[direction] ?? [];
        return rules.flatMap((rule) => {
          const wider = rules.find(
            (other) =>
              other !== rule && covers(other, rule) && (!covers(rule, other) || other.index < rule.index),
          );
          if (wider === undefined) return [];
          return [
            diagnose(redundantRule, {
              message: `${pathText(rule.path)} allows nothing that ${pathText(wider.path)} does not allow`,
              span: policy.source.at(rule.path),
              related: [{ span: policy.source.at(wider.path), message: 'this rule allows all of it' }],
              help: `remove it, or narrow ${pathText(wider.path)}`,
            }),
          ];
        });
      });
    });
  },
};

function covers(wide: PolicyRule, narrow: PolicyRule): boolean {
  if (!coversPorts(wide.ports, narrow.ports)) return false;
  if (wide.peers === undefined) return true;
  return narrow.peers?.every((peer) => wide.peers?.some((other) => coversPeer(other, peer))) ?? false;
}

function coversPeer(wide: PolicyPeer, narrow: PolicyPeer): boolean {
  if (wide.block !== undefined || narrow.block !== undefined) {
    if (wide.block === undefined || narrow.block === undefined) return false;
    return addresses(wide.block).covers(addresses(narrow.block));
  }
  if ((wide.namespaceSelector === undefined) !== (narrow.namespaceSelector === undefined)) return false;
  return (
    implies(narrow.namespaceSelector ?? [], wide.namespaceSelector ?? []) &&
    implies(narrow.podSelector ?? [], wide.podSelector ?? [])
  );
}

function addresses({ prefix, except }: IpBlock): AddressSet {
  return AddressSet.ofPrefixes([prefix]).subtract(AddressSet.ofPrefixes(except));
}
