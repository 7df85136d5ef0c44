import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import type { DnsMessage } from '../flow/dns-message.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { nxdomainBurst } from './nxdomain-burst.ts';
import { detectDns, readCapture, recordings } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';
import { loadPublicSuffixes } from './registrable-domain.ts';
import { rogueServer } from './rogue-server.ts';

beforeAll(loadPublicSuffixes);

function messagesOf(file: string): DnsMessage[] {
  const messages: DnsMessage[] = [];
  readCapture(file, (message) => messages.push(message));
  return messages;
}

const tunnels = [
  ['dns/dns2tcp-key_00002_20230905100101.pcap', '192.168.68.114'],
  ['dns/dnscat2-txt_00001_20230903183304.pcap', '192.168.68.62'],
] as const;

for (const [file, client] of tunnels) {
  recorded(`${file}: the tunnel is found, and nothing else`, [file], () => {
    const messages = messagesOf(file);
    const { findings } = detectDns(dnsTunnel, messages);
    const told = new Set(findings.map(({ entity, evidence }) => `${entity} ${evidence[1]!.value}`));
    const seconds = (findings[0]!.at - messages[0]!.at) / 1000;
    console.info(`${file}: ${[...told].join(', ')}, after ${seconds.toFixed(0)} s`);
    expect([...told]).toEqual([`${client} ggy666.tk`]);
    expect(detectDns(nxdomainBurst, messages).findings).toEqual([]);
  });
}

recorded(
  'five captures of usual questions: no tunnel, no domains that are made up, one new server',
  ['dns'],
  () => {
    const normal = readdirSync(join(recordings, 'dns')).filter((name) => name.startsWith('normal_'));
    let hours = 0;
    let domains = 0;
    const told: string[] = [];
    for (const name of normal) {
      const messages = messagesOf(`dns/${name}`);
      hours += (messages.at(-1)!.at - messages[0]!.at) / 3_600_000;
      domains += messages.length;
      const tunnel = detectDns(dnsTunnel, messages);
      expect(tunnel.findings, name).toEqual([]);
      expect(tunnel.mostBytes).toBeLessThan(13_000_000);
      expect(detectDns(nxdomainBurst, messages).findings, name).toEqual([]);
      // A minute of each is learned: who answers later and did not then is told.
      const servers = detectDns(rogueServer, messages, { learnMs: 60_000, leastContacts: 10 });
      for (const { title } of servers.findings) told.push(title);
    }
    console.info(
      `DNS: 0 false in ${normal.length} captures of one client, ${hours.toFixed(1)} hours (${(hours / 24).toFixed(2)} host-days), ${domains} messages`,
    );
    console.info(`rogue-server: ${told.join('; ')}`);
    expect(told).toEqual(['162.159.36.2 answers DNS for the first time']);
    expect(normal).toHaveLength(5);
  },
);
