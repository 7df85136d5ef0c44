import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { configMapUnread } from './config-map-unread.ts';
import { controllerYaml, settingsYaml } from './nginx-checks.fixture.ts';

const data = 'ssl-protocols: TLSv1.3\nhsts: "false"';
const own = settingsYaml(data);
const other = settingsYaml(data, 'ingress-nginx/tls-config');
const reads = (name: string) => controllerYaml(`--configmap=${name}`);

test('another name', () => {
  expect(findings(configMapUnread, other)).toEqual([
    {
      at: 'tls-config',
      message:
        'nothing reads these settings: ingress-nginx reads ConfigMap ingress-nginx/ingress-nginx-controller unless `--configmap` names another',
      help: 'call it `ingress-nginx-controller`, in namespace ingress-nginx',
    },
  ]);
  expect(fixed(configMapUnread, other)).toBe(own);
  expect(findings(configMapUnread, own)).toEqual([]);
});

test('the one that is read is there', () => {
  expect(findings(configMapUnread, other + own)).toMatchObject([
    { at: 'tls-config', help: 'move the keys to ConfigMap ingress-nginx/ingress-nginx-controller' },
  ]);
});

test('a controller names another one', () => {
  expect(findings(configMapUnread, own + reads('$(POD_NAMESPACE)/mine'))).toMatchObject([
    {
      at: 'ingress-nginx-controller',
      message: 'nothing reads these settings: the controller reads ConfigMap ingress-nginx/mine',
    },
  ]);
});

test('the ConfigMap of its TCP services is no other one', () => {
  const text = own + controllerYaml('--tcp-services-configmap=ingress-nginx/tcp');
  expect(findings(configMapUnread, text)).toEqual([]);
});

test.each([
  ['the controller names it', other + reads('ingress-nginx/tls-config')],
  ['its namespace is a variable', other + reads('$(POD_NAMESPACE)/tls-config')],
  ["it is named as the chart's", settingsYaml(data, 'edge/front-ingress-nginx-controller')],
  ['too few keys are settings', settingsYaml('hsts: "false"\ncolor: blue\nsize: big', 'shop/app')],
  [
    'pods use it',
    settingsYaml(data, 'shop/app') +
      '---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: a, image: a, envFrom: [{configMapRef: {name: app}}]}]}\n',
  ],
])('nothing to say: %s', (_, text) => expect(findings(configMapUnread, text)).toEqual([]));
