import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { linuxserverWireguard } from '../../../product/images.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';

const { configDirectory, legacyConfig, repository, since } = linuxserverWireguard;

/** A configuration mounted where linuxserver/wireguard does not look for tunnels. */
export const imageConfigPath: Check = {
  code: 'PKT1258',
  title: 'Configuration where the WireGuard image does not look',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Images of \`${repository}\` since ${since} read the tunnels from \`${configDirectory}/*.conf\`. A \`${legacyConfig}\` of older times
is copied there once and then deleted; a file that is mounted from a Secret or ConfigMap cannot be deleted, so the migration
stops half-way at every start. Other files directly in \`/config\` are not read at all.

Mount the configuration in \`${configDirectory}\`.`,
  example: {
    bad: `mountPath: ${legacyConfig}\nsubPath: wg0.conf`,
    good: `mountPath: ${configDirectory}/wg0.conf\nsubPath: wg0.conf`,
  },
  run({ controls, manifests }) {
    return readTunnels(controls).flatMap(({ file, name }) =>
      controls.consumption.filesOf(file.key).flatMap(({ container, path, mountPath, subPath }) => {
        if (container.image?.repository !== repository || container.hasCommand) return [];
        const isLegacy = path === legacyConfig;
        if (!isLegacy && !/^\/config\/[^/]+\.conf$/.test(path)) return [];
        const mount = container.mounts.find((one) => one.value.mountPath === mountPath);
        const wanted =
          subPath && mountPath === path ? `${configDirectory}/${file.key.name}` : configDirectory;
        const span = mount ? container.source.at([...mount.path, 'mountPath']) : container.at();
        const edit = mount && replaceText(manifests.sources, span, mountPath, wanted);
        return [
          diagnose(imageConfigPath, {
            message: isLegacy
              ? `${repository} reads ${configDirectory}/*.conf since ${since}: it copies ${path} there and then fails to delete it, as it is mounted`
              : `${repository} reads ${configDirectory}/*.conf: nothing reads ${name} at ${path}`,
            ...(!isLegacy && { severity: 'error' }),
            span,
            help: `write \`mountPath: ${wanted}\``,
            ...(edit && { fix: { title: `mount it at ${wanted}`, safe: false, edits: [edit] } }),
          }),
        ];
      }),
    );
  },
};
