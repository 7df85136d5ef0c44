import { iptablesTool } from './iptables.ts';

/** Programs before another one's name, that only change how it runs. */
export const wrappers = new Set([
  'sudo',
  'nsenter',
  'chroot',
  'env',
  'command',
  'exec',
  'nice',
  'timeout',
  'nohup',
  'busybox',
]);
export const shells = new Set(['sh', 'bash', 'ash', 'dash']);
/** Front ends that change the packet filter in ways that are not followed. */
export const frontEnds = new Set([
  'ufw',
  'firewall-cmd',
  'iptables-apply',
  'ferm',
  'shorewall',
  'xtables-multi',
]);
/** Their failure is the failure of the script; what hangs on them is taken to run. */
export const preparing = new Set(
  'apk apt-get apt yum dnf microdnf zypper modprobe sysctl echo printf set true : cd export mkdir sleep date ip cat'
    .concat(' touch rm cp mv chmod trap umask ulimit update-alternatives ln iptables-save ip6tables-save tee')
    .split(' '),
);
/** Returns the name of a program without its folder. */
export function programOf(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** Tells whether the program changes packet filters. */
export function isFirewallProgram(name: string): boolean {
  return iptablesTool(name) !== undefined || name === 'nft' || frontEnds.has(name);
}

/** Tells whether a script might change packet filters, going by its words. */
export function mentionsFirewall(text: string): boolean {
  return /ip6?tables|\bipset\b|\bnft\b|\bufw\b|firewall|\beval\b|\bsource\b|\.sh\b|(?:^|[\s;&|])\.\s/.test(
    text,
  );
}
