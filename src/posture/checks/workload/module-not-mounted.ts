import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { wireguardInKernel } from '../../../product/images.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import type { Check } from '../definition.ts';

/** SYS_MODULE in a container that has no kernel modules. */
export const moduleNotMounted: Check = {
  code: 'PKT1341',
  title: 'May load kernel modules and has none',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `With SYS_MODULE a container loads any code into the kernel (capabilities(7)): whoever gets into it owns the machine. The
modules of the running kernel are in /lib/modules of the machine; where no volume brings them into the container, \`modprobe\`
finds none, and the capability serves an attacker alone.

WireGuard is part of Linux since ${wireguardInKernel}: its module is loaded by the kernel itself when the first interface is made. Where an
older or smaller kernel needs another module, load it on the machine (/etc/modules-load.d), not from a pod.`,
  example: {
    bad: 'capabilities:\n  add: [NET_ADMIN, SYS_MODULE]',
    good: 'capabilities:\n  drop: [ALL]\n  add: [NET_ADMIN]',
  },
  run({ controls }) {
    return controls.containers.flatMap((container) => {
      const given = container.security.addedCapabilities.find(({ value }) => value === 'SYS_MODULE');
      if (given === undefined || container.mounts.some(({ value }) => bringsModules(value.mountPath)))
        return [];
      const wireguard = isWireguard(container)
        ? `; WireGuard is in the kernel since ${wireguardInKernel} and needs none`
        : '';
      return [
        diagnose(moduleNotMounted, {
          message: `SYS_MODULE lets container ${container.name} load code into the kernel, and no volume has the kernel's modules (/lib/modules)${wireguard}`,
          span: given.span,
          help: 'take `SYS_MODULE` out; a module that the kernel lacks is loaded on the machine, in /etc/modules-load.d',
        }),
      ];
    });
  },
};

function bringsModules(path: string): boolean {
  return /^\/(?:(?:usr\/)?lib(?:\/modules.*)?)?$/.test(path.replace(/\/+$/, '') || '/');
}

function isWireguard({ image, name }: ContainerFacts): boolean {
  return /wireguard|\bwg\b/i.test(`${image?.repository} ${name}`);
}
